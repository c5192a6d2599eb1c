import assert from "node:assert/strict";
import { test } from "node:test";
import { decoderRemedy, findDecoder } from "../../src/media/decoder-check.js";

test("an ffmpeg that runs is found with its version", async () => {
  const state = await findDecoder("ffmpeg");
  assert.ok(state.found && /^\S+$/.test(state.version));
});

test("an ffmpeg that is not there is not found, and neither is another program", async () => {
  for (const program of ["no-such-ffmpeg", "/", "true"]) {
    const state = await findDecoder(program);
    assert.ok(!state.found && /--ffmpeg/.test(state.remedy), program);
  }
});

test("the remedy names the package manager of the system", () => {
  assert.match(decoderRemedy("darwin", ""), /brew install ffmpeg/);
  assert.match(decoderRemedy("linux", 'NAME="x"\nID=debian\n'), /apt-get install ffmpeg/);
  assert.match(decoderRemedy("linux", 'ID="linuxmint"\nID_LIKE="ubuntu debian"\n'), /apt-get/);
  assert.match(decoderRemedy("linux", "ID=alpine"), /apk add/);
  assert.match(decoderRemedy("linux", 'ID="opensuse-leap"\nID_LIKE="suse opensuse"'), /zypper/);
  assert.match(decoderRemedy("linux", "ID=constructor"), /ffmpeg\.org/);
});
