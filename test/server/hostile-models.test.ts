import assert from "node:assert/strict";
import { Buffer } from "node:buffer";
import { execFileSync } from "node:child_process";
import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { after, before, test } from "node:test";
import { buildModel } from "../catalog/build-model.js";
import { fixtureOf } from "../support/fixtures.js";
import { type ErrorBody, postFile, wordsOf } from "../support/post.js";
import { enginesOf } from "../support/processes.js";
import { type RunningServer, startServer } from "../support/sotto.js";

const clip = fixtureOf(1, 8);
const image = buildModel();
const place = (field: string) => image.places.get(field) as number;
const withInt = (field: string, value: number) => {
  const bytes = Buffer.from(image.bytes);
  bytes.writeInt32LE(value, place(field));
  return bytes;
};
const cut = (byteCount: number) => image.bytes.subarray(0, byteCount);
const withFilter = (weight: number) => {
  const bytes = Buffer.from(image.bytes);
  bytes.writeFloatLE(weight, place("filters.n_fft") + 4);
  return bytes;
};

/** Each ended whisper.cpp's process, hung it, or was taken for a model though it is garbage; and what is to be said. */
const TRAPS: [name: string, bytes: Buffer, said: RegExp][] = [
  ["fewer than no layers", withInt("n_audio_layer", -1), /n_audio_layer: expected 1 to 64, but found -1/],
  ["two thousand million layers", withInt("n_audio_layer", 2e9), /n_audio_layer/],
  ["a negative width", withInt("n_audio_state", -384), /n_audio_state/],
  ["a width of two million", withInt("n_audio_state", 2e6), /n_audio_state/],
  ["no text positions", withInt("n_text_ctx", 0), /n_text_ctx/],
  ["no heads", withInt("n_audio_head", 0), /n_audio_head/],
  ["64 dimensions", withInt("decoder.ln.weight: n_dims", 64), /n_dims of tensor \d+ of 113: expected 1 to 4/],
  ["a name of negative length", withInt("decoder.ln.weight: name length", -1), /name length of tensor/],
  ["a vocabulary larger than the model's", withInt("vocabulary size", 51_865), /vocabulary size/],
  ["f32 weights", withInt("ftype", 0), /f32; convert the model to f16/],
  ["a file cut in its header", cut(40), /n_mels: expected 4 bytes/],
  ["a file cut in its vocabulary", cut(place("token 77") + 2), /token 77/],
  ["a file cut in the middle", cut(image.bytes.length >> 1), /cut short/],
  ["a file without its last thousand bytes", cut(image.bytes.length - 1000), /cut short/],
  ["a filter that is no number", withFilter(Number.NaN), /mel filter 0/],
  ["an empty file", cut(0), /magic/],
  ["a web page", Buffer.from("<html>not found</html>"), /magic/],
];

let server: RunningServer;
before(async () => {
  server = await startServer(["--keep-alive", "-1"]);
});
after(async () => assert.equal(await server.stop(), 0));

const post = (model: string) => postFile(`${server.url}/v1/audio/transcriptions`, clip.path, { model });

test("crafted and cut model files are refused with the field named; server and engine keep their processes", async () => {
  const folder = join(server.home, "models");
  mkdirSync(folder, { recursive: true });
  assert.equal((await post("sotto-mini")).status, 200);
  const engines = enginesOf(server.child.pid);
  for (const [index, [name, bytes, said]] of TRAPS.entries()) {
    writeFileSync(join(folder, `ggml-trap-${index}.bin`), bytes);
    const reply = await post(`trap-${index}`);
    const { error } = (await reply.json()) as ErrorBody;
    assert.deepEqual([reply.status, error.code], [404, "model_not_found"], name);
    assert.match(error.message, said, name);
    assert.ok(!error.message.includes(folder), "no path in the message");
  }
  const { data } = (await (await fetch(`${server.url}/v1/models`)).json()) as { data: { id: string }[] };
  assert.deepEqual(
    data.map(({ id }) => id).filter((id) => id.startsWith("trap")),
    [],
  );
  const reply = await post("sotto-mini");
  assert.deepEqual(wordsOf(((await reply.json()) as { text: string }).text), wordsOf(clip.text));
  assert.deepEqual(enginesOf(server.child.pid), engines);
});

test("a pipe and a folder among the models are no models, and hold nothing up", async () => {
  const folder = join(server.home, "models");
  execFileSync("mkfifo", [join(folder, "ggml-pipe.bin")]);
  mkdirSync(join(folder, "ggml-folder.bin"));
  for (const model of ["pipe", "folder"]) assert.equal((await post(model)).status, 404);
  assert.equal((await post("sotto-mini")).status, 200);
});

test("a model whose weights are no numbers fails its own request, and harms nobody else", async () => {
  const folder = join(server.home, "models");
  const { bytes, places, tensorNames } = buildModel({ vocabSize: 51_865, state: 8, audioContext: 1500 });
  const nonsense = Buffer.from(bytes);
  // The last norm of the encoder: all that the decoder hears is not a number.
  nonsense.fill(0xff, places.get(`${tensorNames.at(-1)}: weights`));
  writeFileSync(join(folder, "ggml-nonsense.bin"), nonsense);
  const [bad, good] = await Promise.all([post("nonsense"), post("sotto-mini")]);
  // Before, it answered 200 with an empty text.
  assert.deepEqual([bad.status, ((await bad.json()) as ErrorBody).error.code], [500, "internal_error"]);
  assert.deepEqual(wordsOf(((await good.json()) as { text: string }).text), wordsOf(clip.text));
});
