import assert from "node:assert/strict";
import { test } from "node:test";
import { SPEECH_FRAME_SAMPLES } from "../../src/core/audio.js";
import { DEFAULT_SPEECH_PARAMS, speechParams } from "../../src/plan/speech-params.js";
import { PIECE_SAMPLES, SpeechSpans } from "../../src/plan/speech-spans.js";

/** Spans in frames, of a text with one letter for each: S likely speech, m perhaps, . none. */
function spansOf(frames: string, params = {}): [number, number][] {
  const spans = new SpeechSpans({ ...DEFAULT_SPEECH_PARAMS, minSpeechMs: 64, minSilenceMs: 96, ...params });
  const found = [
    ...spans.push(Float32Array.from(frames, (letter) => ({ S: 0.9, m: 0.4 })[letter] ?? 0.1)),
    ...spans.end(frames.length * SPEECH_FRAME_SAMPLES),
  ];
  return found.map(({ start, end }) => [start / SPEECH_FRAME_SAMPLES, end / SPEECH_FRAME_SAMPLES]);
}

test("speech ends where a long enough silence begins", () => {
  assert.deepEqual(spansOf("..SSSS......SSS...."), [
    [2, 6],
    [12, 15],
  ]);
});

test("a short silence is part of the speech around it", () => {
  assert.deepEqual(spansOf(".SSS..SSS...."), [[1, 9]]);
});

test("what is perhaps speech does not begin it, but lets it go on", () => {
  assert.deepEqual(spansOf(".mmmSSmmmmmSS...."), [[4, 13]]);
  assert.deepEqual(spansOf(".mmmmmm....."), []);
});

test("a click is no speech, and a blip within a silence does not make it speech either", () => {
  assert.deepEqual(spansOf("..S......S...."), []);
});

test("speech under way when the recording ends, ends there", () => {
  assert.deepEqual(spansOf("..SSSS"), [[2, 6]]);
  assert.deepEqual(spansOf("..SSSS.."), [[2, 6]]);
});

test("long speech is handed on in pieces of ten seconds, without a gap, and its last piece may be short", () => {
  const frames = PIECE_SAMPLES / SPEECH_FRAME_SAMPLES;
  const found = spansOf(`.${"S".repeat(Math.ceil(2 * frames) + 1)}....`);
  assert.equal(found.length, 3);
  found.forEach(([start, end], index) => {
    if (index > 0) assert.equal(start, found[index - 1]?.[1]);
    assert.ok(end - start <= frames);
  });
});

test("a silence that is allowed to be long hands nothing on before it is known to be part of the speech", () => {
  const long = ".".repeat(400);
  assert.deepEqual(spansOf(`SSSS${long}`, { minSilenceMs: 30_000 }), [[0, 4]]);
  const joined = spansOf(`SSSS${long}SSSS${".".repeat(1000)}`, { minSilenceMs: 30_000 });
  assert.equal(joined[0]?.[0], 0);
  assert.equal(joined.at(-1)?.[1], 408);
});

test("server_vad's members are what they are in OpenAI's words, and what it leaves out is the default", () => {
  const strategy = { type: "server_vad", threshold: 0.7, prefixPaddingMs: 120, silenceDurationMs: 900 } as const;
  assert.deepEqual(speechParams(strategy), {
    ...DEFAULT_SPEECH_PARAMS,
    thresholdProbability: 0.7,
    leadInMs: 120,
    minSilenceMs: 900,
  });
  const empty = { threshold: undefined, prefixPaddingMs: undefined, silenceDurationMs: undefined };
  for (const none of [undefined, { type: "auto" } as const, { type: "server_vad", ...empty } as const]) {
    assert.deepEqual(speechParams(none), DEFAULT_SPEECH_PARAMS);
  }
});
