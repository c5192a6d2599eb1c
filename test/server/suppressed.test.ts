import assert from "node:assert/strict";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { temporaryFolder } from "../catalog/temporary-folder.js";
import { evalModule } from "../eval/modules.js";
import { NO_SPEECH, writeConstantModel } from "../support/constant-model.js";
import { postFile } from "../support/post.js";
import { startServer } from "../support/sotto.js";

const { wavOf } = await evalModule<{ wavOf(pieces: Float32Array[], rateHz: number): Buffer }>("wav");

interface Reply {
  text: string;
  segments: unknown[];
  diagnostics: {
    fallbacks: number;
    suppressed: { start: number; end: number; reason: string; action: string; text: string }[];
  };
}

test("what is held back is in no reply, but in its diagnostics, with span, rule and text", async (context) => {
  const folder = await temporaryFolder(context);
  const recording = join(folder, "hum.wav");
  const hum = Float32Array.from({ length: 40_000 }, (_, at) => 0.1 * Math.sin(at / 50));
  writeFileSync(recording, wavOf([hum], 16_000));
  const silent = new Map([
    [NO_SPEECH, 20],
    ["h".charCodeAt(0), 1],
  ]);
  const looping = new Map([["h".charCodeAt(0), 20]]);
  const said: Record<string, Reply> = {};
  for (const [name, logits] of Object.entries({ silent, looping })) {
    const model = join(folder, `ggml-${name}.bin`);
    writeConstantModel(model, logits);
    const server = await startServer(["--model", model]);
    const url = `${server.url}/v1/audio/transcriptions`;
    const fields = { response_format: "verbose_json", "include[]": "diagnostics", "timestamp_granularities[]": "word" };
    // Hum is no speech: the model would not be asked.
    const unfiltered = { ...fields, vad_filter: "false" };
    const reply = await postFile(url, recording, unfiltered);
    said[name] = (await reply.json()) as Reply;
    assert.equal(reply.status, 200, JSON.stringify(said[name]));
    await server.stop();
  }
  assert.deepEqual([said.silent?.text, said.silent?.segments], ["", []]);
  const [dropped, ...others] = said.silent?.diagnostics.suppressed ?? [];
  assert.deepEqual({ ...dropped, text: "" }, { start: 0, end: 2.5, reason: "no_speech", action: "dropped", text: "" });
  assert.ok(dropped?.text.startsWith("h") && others.length === 0);

  assert.equal(said.looping?.text, "h");
  assert.deepEqual(
    said.looping?.diagnostics.suppressed.map(({ reason, action }) => `${reason} ${action}`),
    [...new Array(5).fill("repetition retried"), "repetition dropped"],
  );
  assert.equal(said.looping?.diagnostics.fallbacks, 5);
});
