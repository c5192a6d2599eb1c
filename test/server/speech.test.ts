import assert from "node:assert/strict";
import { execFileSync, spawnSync } from "node:child_process";
import { chmodSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, test } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";
import { eventsOf } from "../support/events.js";
import { fixtureOf } from "../support/fixtures.js";
import { postFile, wordsOf } from "../support/post.js";
import { type RunningServer, startServer } from "../support/sotto.js";

const clip = fixtureOf(2, 8);
const long = fixtureOf(45, 120);
const folder = mkdtempSync(join(tmpdir(), "sotto-speech-"));

/** ffmpeg that gives twenty seconds of sound a second, so that much comes before the end. */
const slowFfmpeg = join(folder, "ffmpeg");
writeFileSync(
  slowFfmpeg,
  '#!/bin/sh\ncase "$*" in *" -i "*) exec ffmpeg -readrate 20 "$@" ;; *) exec ffmpeg "$@" ;; esac\n',
);
chmodSync(slowFfmpeg, 0o755);

let server: RunningServer;
let slow: RunningServer;
before(async () => {
  server = await startServer();
  slow = await startServer(["--ffmpeg", slowFfmpeg]);
});
after(async () => {
  assert.deepEqual([await server.stop(), await slow.stop()], [0, 0]);
  rmSync(folder, { recursive: true, force: true });
});

interface Verbose {
  text: string;
  duration: number;
  segments: { start: number; end: number; seek: number }[];
  words: { word: string; start: number; end: number }[];
  diagnostics: {
    windows: number;
    vad_ms: number;
    suppressed: { start: number; end: number; reason: string; text: string }[];
  };
}

async function transcribed(path: string, fields: Record<string, string> = {}): Promise<Verbose & { tookMs: number }> {
  const startedMs = performance.now();
  const all = { language: "en", response_format: "verbose_json", "include[]": "diagnostics", ...fields };
  const reply = await postFile(`${server.url}/v1/audio/transcriptions`, path, all);
  const body = await reply.text();
  assert.equal(reply.status, 200, body);
  return { ...(JSON.parse(body) as Verbose), tookMs: performance.now() - startedMs };
}

function make(name: string, ...args: string[]): string {
  const path = join(folder, name);
  execFileSync("ffmpeg", ["-v", "error", "-y", ...args, "-ar", "16000", "-ac", "1", path]);
  return path;
}

/** A recording that begins after so many seconds of hiss. */
function delayed(path: string, seconds: number, name: string): string {
  const hiss = ["-f", "lavfi", "-t", String(seconds), "-i", "anoisesrc=r=16000:amplitude=0.001"];
  return make(name, ...hiss, "-i", path, "-filter_complex", "[0:a][1:a]concat=n=2:v=0:a=1");
}

test("speech after ten minutes of hiss is found at the right time, in one window, words and all", async () => {
  const path = delayed(clip.path, 600, "late.flac");
  const { text, duration, segments, words, diagnostics } = await transcribed(path, {
    "timestamp_granularities[]": "word",
  });
  assert.deepEqual(wordsOf(text), wordsOf(clip.text));
  assert.ok(Math.abs(duration - 600 - clip.durationSec) < 0.1, `${duration}`);
  const said = clip.utterances;
  const expected = 600 + (said[0]?.startSec ?? 0);
  assert.ok(Math.abs((segments[0]?.start ?? 0) - expected) < 0.3, `${segments[0]?.start}, not ${expected}`);
  assert.ok(words.every(({ start, end }) => start >= 600 && end >= start && end <= duration));
  assert.equal(diagnostics.windows, 1);
  assert.ok(diagnostics.vad_ms > 0);
});

test("segments and words have their times in the file, however much was left out between them", async () => {
  const { segments, words, text, diagnostics } = await transcribed(long.path, { "timestamp_granularities[]": "word" });
  assert.deepEqual(wordsOf(text), wordsOf(long.text));
  assert.equal(diagnostics.windows, 2);
  for (const { startSec, endSec } of long.utterances) {
    const first = segments.find(({ end }) => end > startSec);
    assert.ok(first && Math.abs(first.start - startSec) < 0.3, `at ${startSec} s: ${first?.start}`);
    for (const word of words.filter(({ start }) => start >= startSec - 0.1 && start < endSec)) {
      assert.ok(word.end <= endSec + 0.3, `${word.word} at ${word.start} to ${word.end} is outside of speech`);
    }
  }
  words.slice(1).forEach((word, index) => {
    assert.ok(word.start >= (words[index]?.end ?? 0), "words follow each other");
  });
});

test("without the filter windows are 30 s each, whatever the sound", async () => {
  const path = delayed(clip.path, 95, "minutes.flac");
  const { diagnostics, segments } = await transcribed(path, { vad_filter: "false" });
  assert.equal(diagnostics.windows, Math.ceil((95 + clip.durationSec) / 30));
  assert.equal(diagnostics.vad_ms, 0);
  assert.ok(segments.every(({ start }) => start >= 90));
});

test("a recording that is half silence takes little more than its speech", async () => {
  const padded = make("padded.flac", "-i", long.path, "-af", `apad=pad_dur=${long.durationSec}`);
  const pauses = make("pauses.flac", "-stream_loop", "2", "-i", padded);
  const filtered = await transcribed(pauses);
  const whole = await transcribed(pauses, { vad_filter: "false" });
  assert.ok(filtered.diagnostics.windows * 1.8 <= whole.diagnostics.windows, `${filtered.diagnostics.windows} windows`);
  assert.equal(wordsOf(filtered.text).length, 3 * wordsOf(long.text).length);
});

const SPEECHLESS: Record<string, string> = {
  silence: "anullsrc=r=16000",
  "white noise": "anoisesrc=r=16000:amplitude=0.3",
  "pink noise": "anoisesrc=r=16000:color=pink:amplitude=0.3",
  "brown noise": "anoisesrc=r=16000:color=brown:amplitude=0.5",
  hum: "sine=f=50:r=16000",
  "a tone": "sine=f=440:r=16000",
  clicks: "aevalsrc='if(lt(mod(t,0.7),0.001),0.9,0)':s=16000",
};
for (const [name, source] of Object.entries(SPEECHLESS)) {
  test(`${name} has no text and takes no window, and the diagnostics say so`, async () => {
    for (const seconds of ["1", "10", "90"]) {
      const path = make("speechless.flac", "-f", "lavfi", "-t", seconds, "-i", source);
      const { text, segments, diagnostics } = await transcribed(path);
      assert.deepEqual([text, segments.length, diagnostics.windows], ["", 0, 0], `${seconds} s`);
      assert.deepEqual(diagnostics.suppressed, [
        { start: 0, end: Number(seconds), reason: "no_speech", action: "dropped", text: "" },
      ]);
    }
  });
}

test("chunking_strategy says what counts as speech", async () => {
  const strategy = (members: object) => ({ chunking_strategy: JSON.stringify({ type: "server_vad", ...members }) });
  const usual = await transcribed(long.path);
  assert.deepEqual((await transcribed(long.path, { chunking_strategy: "auto" })).segments, usual.segments);
  assert.deepEqual((await transcribed(long.path, strategy({}))).segments, usual.segments);
  // All is speech, or all silences are part of it: as many windows as the recording is long.
  for (const members of [{ threshold: 0 }, { silence_duration_ms: 30000 }]) {
    assert.equal((await transcribed(long.path, strategy(members))).diagnostics.windows, 3);
  }
  const wide = await transcribed(long.path, strategy({ prefix_padding_ms: 3000 }));
  assert.ok(wide.diagnostics.windows >= usual.diagnostics.windows);
  assert.equal(wordsOf(wide.text).length, wordsOf(usual.text).length);
});

async function* streamed(path: string, signal: AbortSignal | null = null) {
  const form = new FormData();
  form.append("stream", "true");
  form.append("language", "en");
  form.append("file", new Blob([readFileSync(path)]), "a.opus");
  yield* eventsOf(await fetch(`${slow.url}/v1/audio/transcriptions`, { method: "POST", body: form, signal }));
}

const ffmpegsOfSlow = () =>
  spawnSync("ps", ["-o", "args=", "--ppid", String(slow.child.pid)], { encoding: "utf8" }).stdout.match(/-readrate/g)
    ?.length ?? 0;

test("windows are decoded while ffmpeg still works", async () => {
  const minutes = make("minutes.opus", "-stream_loop", "2", "-i", long.path);
  let whileDecoding = 0;
  let text = "";
  for await (const { type, delta, text: whole } of streamed(minutes)) {
    if (type === "transcript.text.delta" && ffmpegsOfSlow() > 0) whileDecoding++;
    text += delta ?? "";
    if (whole !== undefined) assert.equal(text, whole);
  }
  assert.ok(whileDecoding > 10, `${whileDecoding} deltas came while ffmpeg worked`);
  assert.ok(wordsOf(text).length > 2.7 * wordsOf(long.text).length);
});

test("who leaves while ffmpeg still works leaves nothing behind", async () => {
  const minutes = make("left.opus", "-stream_loop", "9", "-i", long.path);
  const gone = new AbortController();
  await assert.rejects(async () => {
    for await (const event of streamed(minutes, gone.signal)) if (event.delta) gone.abort();
  });
  for (let waitedMs = 0; ffmpegsOfSlow() > 0 || readdirSync(join(slow.home, "spool")).length > 0; waitedMs += 50) {
    assert.ok(waitedMs < 20_000, "its ffmpeg ends and its files go");
    await sleep(50);
  }
});

test("a recording that turns out too long fails midway, and its stream says so", async () => {
  const strict = await startServer(["--ffmpeg", slowFfmpeg, "--max-duration", "60s"]);
  try {
    const reply = await postFile(`${strict.url}/v1/audio/transcriptions`, long.path, {
      stream: "true",
      language: "en",
    });
    const events = [];
    for await (const event of eventsOf(reply)) events.push(event);
    assert.equal(events.at(-1)?.error?.code, "audio_too_long");
    const plain = await postFile(`${strict.url}/v1/audio/transcriptions`, long.path, { language: "en" });
    assert.equal(plain.status, 400);
    assert.equal(readdirSync(join(strict.home, "spool")).length, 0);
  } finally {
    assert.equal(await strict.stop(), 0);
  }
});
