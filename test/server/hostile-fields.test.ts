import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { fixtureOf } from "../support/fixtures.js";
import { type ErrorBody, postFile, wordsOf } from "../support/post.js";
import { enginesOf } from "../support/processes.js";
import { type RunningServer, startServer } from "../support/sotto.js";

const clip = fixtureOf(3, 8);
let server: RunningServer;
let engines: number[];

const post = (fields: Record<string, string>) => postFile(`${server.url}/v1/audio/transcriptions`, clip.path, fields);
async function demandWords(reply: Response): Promise<void> {
  const { text } = (await reply.json()) as { text: string };
  assert.equal(reply.status, 200);
  assert.deepEqual(wordsOf(text), wordsOf(clip.text));
}

before(async () => {
  server = await startServer(["--keep-alive", "-1"]);
  await demandWords(await post({}));
  engines = enginesOf(server.child.pid);
  assert.equal(engines.length, 1);
});
after(async () => {
  assert.deepEqual(enginesOf(server.child.pid), engines, "the engine that was there at the beginning");
  assert.equal(await server.stop(), 0);
});

test("prompts that end whisper.cpp's own tokenizer are served: one word of 16,000 letters, 100 kB, half characters", async () => {
  const prompts = [
    "a".repeat(16_000),
    "ﷺ".repeat(16_000),
    "one two ".repeat(12_500),
    "\u0000\ud83d\uffff",
    "<|endoftext|>",
  ];
  for (const prompt of prompts) {
    const reply = await post({ prompt });
    assert.equal(reply.status, 200, prompt.slice(0, 10));
    assert.equal(typeof ((await reply.json()) as { text: string }).text, "string");
  }
  await demandWords(await post({}));
});

test("temperatures that make whisper.cpp loop for ever are refused", async () => {
  for (const temperature of ["1.5", "1.0000001", "-0.1", "NaN", "Infinity", "-Infinity", "1e309", "1,0", " "]) {
    const reply = await post({ temperature });
    const { error } = (await reply.json()) as ErrorBody;
    assert.deepEqual([reply.status, error.code, error.param], [400, "invalid_value", "temperature"], temperature);
  }
  await demandWords(await post({ temperature: "-0" }));
  await demandWords(await post({ temperature: "1e-40" }));
});

test("parameters of whisper.cpp that abort it do not exist here: they are named as ignored and change nothing", async () => {
  const traps = {
    suppress_regex: "(",
    grammar: "root ::= [",
    dtw: "tiny",
    dtw_token_timestamps: "true",
    n_threads: "0",
    threads: "-1",
    best_of: "99",
    beam_size: "-1",
    audio_ctx: "100000",
    offset_ms: "-1",
    duration_ms: "1",
    temperature_inc: "0",
    vad_model_path: "/etc/passwd",
  };
  const reply = await post(traps);
  const ignored = (reply.headers.get("x-sotto-ignored") ?? "").split(", ");
  assert.deepEqual(ignored.sort(), Object.keys(traps).sort());
  await demandWords(reply);
});

test("languages that whisper.cpp takes though it does not know them are refused", async () => {
  for (const language of ["xx", "yue", "zz-ZZ", "en\0", "e".repeat(100_000), "../en", "-1"]) {
    const reply = await post({ language });
    const { error } = (await reply.json()) as ErrorBody;
    assert.deepEqual([reply.status, error.code, error.param], [400, "invalid_value", "language"], language.slice(0, 9));
    assert.ok(error.message.length < 500);
  }
  await demandWords(await post({ language: "en" }));
});
