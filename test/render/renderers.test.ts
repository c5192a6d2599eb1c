import assert from "node:assert/strict";
import { test } from "node:test";
import { RESPONSE_FORMATS } from "../../src/core/request.js";
import type { Transcript } from "../../src/core/result.js";
import { RENDERERS } from "../../src/render/renderers.js";
import { verboseReply } from "../../src/render/verbose-json.js";
import { SILENCE, STAMP, segment, TWO_SEGMENTS, transcript } from "./sample-transcript.js";

test("every format has its content type, in UTF-8", () => {
  const types = RESPONSE_FORMATS.map((format) => [format, RENDERERS[format](TWO_SEGMENTS, STAMP).contentType]);
  assert.deepEqual(Object.fromEntries(types), {
    json: "application/json; charset=utf-8",
    text: "text/plain; charset=utf-8",
    srt: "application/x-subrip; charset=utf-8",
    vtt: "text/vtt; charset=utf-8",
    verbose_json: "application/json; charset=utf-8",
    diarized_json: "application/json; charset=utf-8",
  });
});

test("json holds the reply of the contract, with OpenAI's ten members of a segment", () => {
  const told = { seek: 0, tokens: [50364, 2425, 50489], temperature: 0, avg_logprob: -0.25 };
  const guesses = { compression_ratio: 0.9, no_speech_prob: 0.01 };
  assert.deepEqual(JSON.parse(RENDERERS.json(TWO_SEGMENTS, STAMP).body), {
    id: "trn_3fa85f6457174562b3fc2c963f66afa6",
    object: "audio.transcription",
    created: 1715155200,
    provider: "local",
    model: "base-q8_0",
    text: "Hello world. Good bye.",
    language: "en",
    segments: [
      { id: 0, start: 0, end: 2.5, text: "Hello world.", ...told, ...guesses },
      { id: 1, start: 2.5, end: 3.5, text: "Good bye.", ...told, ...guesses },
    ],
    usage: { type: "duration", seconds: 4, audio_duration_seconds: 3.52 },
  });
});

test("verbose_json holds all ten fields of a segment, the language's name and the leading space", () => {
  const later = { ...segment(62_500, 63_500, " Good bye."), seekMs: 60_020, temperature: 0.2 };
  const long: Transcript = { ...transcript(segment(0, 2500, " Hello world."), later), durationMs: 64_001 };
  assert.deepEqual(JSON.parse(RENDERERS.verbose_json(long, STAMP).body), {
    task: "transcribe",
    language: "english",
    language_probability: 0.98,
    duration: 64.001,
    text: "Hello world. Good bye.",
    segments: [
      {
        id: 0,
        seek: 0,
        start: 0,
        end: 2.5,
        text: " Hello world.",
        tokens: [50364, 2425, 50489],
        temperature: 0,
        avg_logprob: -0.25,
        compression_ratio: 0.9,
        no_speech_prob: 0.01,
      },
      {
        id: 1,
        seek: 6002,
        start: 62.5,
        end: 63.5,
        text: " Good bye.",
        tokens: [50364, 2425, 50489],
        temperature: 0.2,
        avg_logprob: -0.25,
        compression_ratio: 0.9,
        no_speech_prob: 0.01,
      },
    ],
    usage: { type: "duration", seconds: 65 },
  });
});

test("a translation keeps the language of the speech; in OpenAI's own verbose_json it is English, as documented there", () => {
  const translation: Transcript = { ...TWO_SEGMENTS, task: "translate", language: "de" };
  const verbose = JSON.parse(RENDERERS.verbose_json(translation, STAMP).body);
  assert.deepEqual([verbose.task, verbose.language], ["translate", "german"]);
  assert.equal(verboseReply(translation).language, "english");
  assert.equal(JSON.parse(RENDERERS.json(translation, STAMP).body).language, "de");
});

test("srt is numbered from 1 with a blank line after each cue", () => {
  assert.equal(
    RENDERERS.srt(TWO_SEGMENTS, STAMP).body,
    "1\n00:00:00,000 --> 00:00:02,500\nHello world.\n\n2\n00:00:02,500 --> 00:00:03,500\nGood bye.\n\n",
  );
});

test("vtt has its header and a blank line after each cue", () => {
  assert.equal(
    RENDERERS.vtt(TWO_SEGMENTS, STAMP).body,
    "WEBVTT\n\n00:00:00.000 --> 00:00:02.500\nHello world.\n\n00:00:02.500 --> 00:00:03.500\nGood bye.\n\n",
  );
});

test("text is one line", () => {
  assert.equal(RENDERERS.text(TWO_SEGMENTS, STAMP).body, "Hello world. Good bye.\n");
});

test("silence has every shape, without words", () => {
  assert.equal(RENDERERS.text(SILENCE, STAMP).body, "\n");
  assert.equal(RENDERERS.srt(SILENCE, STAMP).body, "");
  assert.equal(RENDERERS.vtt(SILENCE, STAMP).body, "WEBVTT\n\n");
  for (const format of ["json", "verbose_json"] as const) {
    const reply = JSON.parse(RENDERERS[format](SILENCE, STAMP).body);
    assert.deepEqual([reply.text, reply.segments, reply.usage.seconds], ["", [], 10]);
  }
});

test("a cue never ends before it starts", () => {
  const odd = transcript(segment(3000, 2000, " Back in time."));
  assert.match(RENDERERS.srt(odd, STAMP).body, /00:00:03,000 --> 00:00:03,000/);
  assert.match(RENDERERS.vtt(odd, STAMP).body, /00:00:03\.000 --> 00:00:03\.000/);
});

test("text cannot end its cue or begin another", () => {
  const evil = transcript(
    segment(0, 1000, " one\n\n2\r\n\r\n00:00:01,000 --> 00:00:02,000\n three "),
    segment(1000, 2000, " \n "),
    segment(2000, 3000, " arrow ---> end --->"),
  );
  assert.equal(
    RENDERERS.srt(evil, STAMP).body,
    "1\n00:00:00,000 --> 00:00:01,000\none\n2\n00:00:01,000 -> 00:00:02,000\nthree\n\n" +
      "2\n00:00:02,000 --> 00:00:03,000\narrow -> end ->\n\n",
  );
  assert.equal(RENDERERS.vtt(evil, STAMP).body.match(/-->/g)?.length, 2);
});

test("vtt escapes what a player would take for markup, and nothing else", () => {
  const marked = transcript(segment(0, 1000, " <b>AT&T</b> & R&D &lt; &#60;"));
  const body = RENDERERS.vtt(marked, STAMP).body;
  assert.match(body, /\n&lt;b>AT&T&lt;\/b> & R&D &amp;lt; &amp;#60;\n/);
  assert.match(RENDERERS.srt(marked, STAMP).body, /\n<b>AT&T<\/b> & R&D &lt; &#60;\n/);
});

test("text of any script comes through unharmed", () => {
  const words = " Grüße, 世界 — привет 👩‍👩‍👧 שלום";
  for (const format of RESPONSE_FORMATS) {
    assert.ok(RENDERERS[format](transcript(segment(0, 1000, words)), STAMP).body.includes(words.trim()), format);
  }
});

test("cues beyond one hundred hours keep all their hours", () => {
  const late = transcript(segment(360_000_000, 363_661_001, " Late."));
  assert.match(RENDERERS.srt(late, STAMP).body, /100:00:00,000 --> 101:01:01,001/);
});

test("the same transcript gives the same bytes", () => {
  for (const format of RESPONSE_FORMATS) {
    assert.equal(RENDERERS[format](TWO_SEGMENTS, STAMP).body, RENDERERS[format](TWO_SEGMENTS, STAMP).body);
  }
});
