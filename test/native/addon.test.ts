import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { once } from "node:events";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { after, test } from "node:test";
import { packageRoot } from "../../src/core/package-root.js";
import { loadAddon, NATIVE_CODES, type NativeCode, type NativeDecodeOptions } from "../../src/engine/addon.js";
import { newControlWords } from "../../src/engine/control-words.js";
import { LoadedModel } from "../../src/engine/loaded-model.js";
import { decodeFile } from "../support/decode-file.js";
import { MODEL_PATH } from "../support/demonstration.js";
import { fixtureOf } from "../support/fixtures.js";
import { addonWithCpu } from "../support/native-addon.js";

// Before a backend is loaded, which is for the process's life: whisper.cpp would abort.
failsWith("invalid_argument", () => loadAddon().openModel(MODEL_PATH, ""));

const addon = addonWithCpu();
const modelId = addon.openModel(MODEL_PATH, "");
const model = new LoadedModel(addon, modelId);
// One thread: this process has not told OpenMP how long to spin, as the engine process has.
const session = addon.openSession(modelId, 1);
after(() => session.close());

const go = newControlWords();
const stop = newControlWords().fill(1);
const second = new Int16Array(16_000);
const speech = decodeFile(fixtureOf(4, 8).path);
const greedy: NativeDecodeOptions = {
  temperature: 0,
  candidates: 1,
  seed: 0,
  maxTokens: 224,
  timestamps: true,
  maxInitialTimestamp: 50,
};
const prompt = () => model.promptTokens("transcribe", "en", undefined);

function failsWith(code: NativeCode, call: () => unknown): void {
  assert.throws(
    call,
    (error: unknown) => (error as { code?: string }).code === code && (error as Error).message.length > 0,
  );
}

function encoded(pcm: Int16Array = second) {
  session.setAudio(pcm, go);
  session.encode(0, go);
  return session;
}

test("the version of whisper.cpp is the pinned one", () => {
  assert.equal(addon.whisperVersion(), "1.9.1");
});

test("OpenMP and llamafile's products are built in", () => {
  assert.match(addon.systemInfo(), /LLAMAFILE = 1/);
  if (process.platform === "linux") assert.match(addon.systemInfo(), /OPENMP = 1/);
});

test("the codes that the native side throws are the declared ones", () => {
  const source = readFileSync(join(packageRoot(), "native", "src", "status.rs"), "utf8");
  const thrown = [...source.matchAll(/Failure::\w+ => "(\w+)"/g)].map(([, code]) => code);
  assert.deepEqual(thrown, [...NATIVE_CODES]);
});

/** They read numbers or overwrite memory that is there. */
const CANNOT_THROW = ["sotto_model_describe", "sotto_session_timings", "sotto_session_clear"];

test("every function of the C face catches what C++ throws, which would end the process in Rust", () => {
  const source = readFileSync(join(packageRoot(), "native", "engine", "engine.cpp"), "utf8");
  const functions = [...source.matchAll(/^(?:sotto_status|void) (sotto_\w+)\([^{]*\{\n([\s\S]*?)^\}/gm)];
  assert.ok(functions.length >= 12, String(functions.length));
  const bare = functions.filter(([, , body]) => !/^ {4}(return )?guarded\(/.test(String(body))).map(([, name]) => name);
  assert.deepEqual(bare, CANNOT_THROW);
});

test("a file that is not there is refused with a reason", () => {
  failsWith("load_failed", () => addon.openModel("/does/not/exist.bin", ""));
  failsWith("invalid_argument", () => addon.openModel("zero\0byte", ""));
});

test("a device that is not there is refused, and never silently the CPU", () => {
  failsWith("invalid_argument", () => addon.openModel(MODEL_PATH, "Vulkan7"));
  failsWith("invalid_argument", () => addon.probeProducts("Vulkan7", 1));
});

test("a module that does not load says why, and has no score", () => {
  failsWith("load_failed", () => addon.loadBackend("/does/not/exist.so"));
  failsWith("load_failed", () => addon.backendScore("/etc/passwd"));
});

test("products of every type and width are right on the CPU", () => {
  const products = addon.probeProducts("", 2);
  for (const weights of ["f16", "q8_0", "q5_0"]) {
    for (const wide of [true, false]) {
      const found = products.filter((product) => product.weights === weights && product.wide === wide);
      assert.equal(found.filter(({ used }) => used).length, 1, `${weights} ${wide}`);
      for (const { relativeError, durationMs } of found) {
        assert.ok(relativeError > 0 && relativeError < 0.03, `${weights} ${wide} ${relativeError}`);
        assert.ok(durationMs > 0);
      }
    }
  }
});

test("an encoding is sampled where the encoder has filled it, and only once there is one", () => {
  session.clear();
  failsWith("invalid_argument", () => session.sampleEncoding(8));
  const samples = encoded(speech).sampleEncoding(300);
  assert.ok(samples.every(Number.isFinite));
  assert.ok(new Set(samples).size > 200);
});

test("numbers that made whisper.cpp abort or hang are refused", () => {
  for (const threads of [0, -1, 257]) failsWith("invalid_argument", () => addon.openSession(modelId, threads));
  failsWith("invalid_argument", () => addon.openSession(999, 1));
  encoded();
  const bad: Partial<NativeDecodeOptions>[] = [
    { temperature: 1.5 },
    { temperature: -0.1 },
    { temperature: Number.NaN },
    { candidates: 0 },
    { candidates: 9 },
    { maxTokens: 0 },
    { maxTokens: 225 },
    { maxInitialTimestamp: -1 },
    { maxInitialTimestamp: 2 ** 31 - 1 },
  ];
  for (const change of bad) failsWith("invalid_argument", () => session.decode(prompt(), { ...greedy, ...change }, go));
  failsWith("invalid_argument", () => session.decode(new Int32Array(0), greedy, go));
  failsWith("invalid_argument", () => session.decode(new Int32Array(300).fill(1), greedy, go));
  failsWith("invalid_argument", () => session.decode(Int32Array.of(-1), greedy, go));
  failsWith("invalid_argument", () => session.decode(Int32Array.of(model.facts.vocabSize), greedy, go));
});

test("audio that is empty, too short or too long is refused, and never the last request's is heard instead", () => {
  encoded();
  for (const length of [0, 1, 200, 1599, 480_001]) {
    failsWith("invalid_argument", () => session.setAudio(new Int16Array(length), go));
    failsWith("invalid_argument", () => session.encode(0, go));
    failsWith("invalid_argument", () => session.detect(go));
    failsWith("invalid_argument", () => session.decode(prompt(), greedy, go));
  }
});

test("an encoding is of the audio's own length", () => {
  session.setAudio(second, go);
  failsWith("invalid_argument", () => session.encode(-1, go));
  failsWith("invalid_argument", () => session.encode(1000, go));
  session.encode(50, go);
});

test("where the decoder looks is told in rows of finite numbers, highest where each word sounds", () => {
  const { ids } = encoded(speech).decode(prompt(), greedy, go);
  const before = prompt();
  const tokens = Int32Array.of(...before, ...ids, model.facts.endOfText);
  const positions = Math.ceil(speech.length / 320);
  const rows = session.align(tokens, before.length - 1, positions, go);
  assert.equal(rows.length, (ids.length + 2) * positions);
  assert.ok(rows.every(Number.isFinite));
  const words = [...ids.keys()].filter((index) => model.tokenizer.isText(ids[index] as number));
  const peaks = words.map((index) => {
    const row = rows.subarray(index * positions, (index + 1) * positions);
    return row.indexOf(Math.max(...row));
  });
  assert.equal(peaks.length, fixtureOf(4, 8).text.split(" ").length);
  assert.deepEqual(
    peaks,
    [...peaks].sort((a, b) => a - b),
  );
  // It changes nothing for what is decoded afterwards.
  assert.deepEqual([...session.decode(prompt(), greedy, go).ids], [...ids]);
});

test("an alignment of nothing, of too much or of no token is refused, and short audio is aligned too", () => {
  const { endOfText, textContext, vocabSize } = model.facts;
  const tokens = Int32Array.of(...prompt(), endOfText);
  encoded();
  for (const [given, first, positions] of [
    [new Int32Array(0), 0, 50],
    [tokens, tokens.length, 50],
    [tokens, 2 ** 31, 50],
    [tokens, 0, 0],
    [tokens, 0, 1501],
    [tokens, 0, 2 ** 31],
    [Int32Array.of(-1), 0, 50],
    [Int32Array.of(vocabSize), 0, 50],
    [new Int32Array(textContext + 1), 0, 50],
    [new Int32Array(10_000), 0, 50],
  ] as const) {
    failsWith("invalid_argument", () => session.align(given, first, positions, go));
  }
  failsWith("cancelled", () => session.align(tokens, 0, 50, stop));
  // whisper.cpp's own alignment aborts below 140 ms.
  for (const positions of [1, 2, 3, 4, 7]) {
    assert.equal(session.align(tokens, 0, positions, go).length, tokens.length * positions);
  }
  assert.equal(session.align(new Int32Array(textContext).fill(1), 0, 1500, go).length, textContext * 1500);
});

test("a cleared session has nothing left to read", () => {
  encoded().clear();
  failsWith("invalid_argument", () => session.decode(prompt(), greedy, go));
  failsWith("invalid_argument", () => session.align(prompt(), 0, 50, go));
});

test("a set word cancels every call, and the session works again afterwards", () => {
  failsWith("cancelled", () => session.setAudio(second, stop));
  session.setAudio(second, go);
  failsWith("cancelled", () => session.encode(0, stop));
  encoded();
  failsWith("cancelled", () => session.detect(stop));
  failsWith("cancelled", () => session.decode(prompt(), greedy, stop));
  assert.ok(encoded().decode(prompt(), greedy, go).ended);
});

test("a closed session says so", () => {
  const closed = addon.openSession(modelId, 1);
  closed.close();
  closed.close();
  failsWith("invalid_argument", () => closed.setAudio(second, go));
});

test("a result follows Whisper's grammar: a timestamp first, pairs, never backwards", () => {
  const { timestampBegin, endOfText } = model.facts;
  for (let round = 0; round < 12; round++) {
    const noise = Int16Array.from({ length: 32_000 }, () => Math.round((Math.random() - 0.5) * 20_000));
    const { ids, logprobs, endLogprob } = encoded(round % 3 === 0 ? noise : speech).decode(
      prompt(),
      { ...greedy, temperature: round % 2, seed: round, maxTokens: 60 },
      go,
    );
    assert.equal(ids.length, logprobs.length);
    assert.ok(logprobs.every((logprob) => Number.isFinite(logprob) && logprob <= 1e-5) && endLogprob <= 1e-5);
    assert.ok((ids[0] as number) >= timestampBegin && (ids[0] as number) <= timestampBegin + 50);
    const stamps = [...ids].filter((id) => id >= timestampBegin);
    assert.deepEqual(
      stamps,
      [...stamps].sort((a, b) => a - b),
    );
    assert.ok(
      [...ids].every((id) => id < endOfText || id >= timestampBegin),
      "no special token is ever sampled",
    );
  }
});

test("the same seed gives the same tokens, another one other tokens", () => {
  const sample = (seed: number) =>
    encoded(speech)
      .decode(prompt(), { ...greedy, temperature: 1, seed, maxTokens: 40 }, go)
      .ids.join();
  assert.equal(sample(1), sample(1));
  assert.ok(new Set([1, 2, 3, 4, 5, 6].map(sample)).size > 1);
});

test("of several candidates the likeliest is kept", () => {
  const mean = (candidates: number, seed: number) => {
    const { logprobs, endLogprob } = encoded(speech).decode(
      prompt(),
      { ...greedy, temperature: 1, seed, candidates },
      go,
    );
    return logprobs.reduce((sum, logprob) => sum + logprob, endLogprob) / (logprobs.length + 1);
  };
  // Candidate k of seed s is the only one of seed s + k.
  const alone = [0, 1, 2, 3].map((offset) => mean(1, 50 + offset));
  assert.ok(Math.abs(mean(4, 50) - Math.max(...alone)) < 1e-4);
});

test("probabilities of languages add up to one, and no-speech is a probability", () => {
  const { languages, noSpeechProb } = encoded().detect(go);
  assert.equal(languages.length, model.facts.languageCount);
  assert.ok(Math.abs(languages.reduce((sum, value) => sum + value, 0) - 1) < 1e-3);
  assert.ok(noSpeechProb >= 0 && noSpeechProb <= 1);
});

test("a process that crashes ends by its own signal, one that is sent that signal as if it were killed", async () => {
  const addonUrl = import.meta.resolve("../../src/engine/addon.js");
  const endOf = (what: string) => {
    const program = `const { loadAddon } = await import(${JSON.stringify(addonUrl)}); loadAddon().endOnSignalsFromOutside(); ${what}; setInterval(() => {}, 1000);`;
    return spawn(process.execPath, ["--input-type=module", "-e", program], { stdio: ["ignore", "pipe", "ignore"] });
  };
  const aborting = endOf("process.abort()");
  assert.deepEqual(await once(aborting, "exit"), [null, "SIGABRT"]);
  for (const signal of ["SIGSEGV", "SIGABRT", "SIGILL", "SIGBUS", "SIGFPE"] as const) {
    const child = endOf("console.log('up')");
    await once(child.stdout, "data");
    child.kill(signal);
    assert.deepEqual(await once(child, "exit"), [null, "SIGKILL"], signal);
  }
});
