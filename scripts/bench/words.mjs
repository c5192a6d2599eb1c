/**
 * How far off the times of words are, by several methods on the same decodings.
 *
 *   npm run bench:words -- FOLDER [--model FILE] [--whisper-cli PROGRAM]
 *
 * FOLDER as `npm run eval` has it, with the times of words (`npm run eval:digits` makes such), each clip of at most 30 s.
 * Clips that were not heard word for word are left out, the same for all methods of ours. Segments "as decoded" are the
 * model's; "joined" ones are those less than 0.5 s apart made into one, as models write them that put a sentence into a
 * segment. whisper.cpp's program, if it is given, decodes for itself: greedy, times of tokens by its own heuristic.
 */
import { execFileSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { parseArgs } from "node:util";
import { loadAddon } from "../../dist/engine/addon.js";
import { alignWords } from "../../dist/engine/aligned-words.js";
import { attentionPath } from "../../dist/engine/attention-path.js";
import { newControlWords } from "../../dist/engine/control-words.js";
import { LoadedModel } from "../../dist/engine/loaded-model.js";
import { loudnessOf } from "../../dist/engine/loudness.js";
import { cpuModules } from "../../dist/engine/modules.js";
import { STEP_MS, segmentTokens } from "../../dist/engine/segmenter.js";
import { splitWords } from "../../dist/stitch/words.js";
import { readRecordings } from "../eval/recordings.mjs";
import { spreadOf } from "../eval/summary.mjs";

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    model: { type: "string", default: new URL("../../models/ggml-sotto-mini.bin", import.meta.url).pathname },
    "whisper-cli": { type: "string" },
  },
});
const [folder] = positionals;
if (!folder) throw new Error("Expected a folder of recordings with the times of their words");

const JOINED_MS = 500;
const addon = loadAddon();
const variants = cpuModules().map(({ path }) => ({ path, score: addon.backendScore(path) }));
addon.loadBackend(variants.sort((a, b) => b.score - a.score)[0].path);
const model = new LoadedModel(addon, addon.openModel(values.model, ""));
const session = addon.openSession(model.id, 1);
const go = newControlWords();
const { tokenizer, facts } = model;

/** @type {Map<string, { starts: number[], ends: number[] }>} */
const errors = new Map();
const counts = { clips: 0, heardRight: 0, heardRightByWhisperCpp: 0 };
for (const { path, reference } of readRecordings(folder)) {
  counts.clips++;
  const truth = reference.words;
  const add = (method, words) => {
    const own = errors.get(method) ?? { starts: [], ends: [] };
    errors.set(method, own);
    for (const [index, { startMs, endMs }] of words.entries()) {
      own.starts.push(startMs / 1000 - truth[index].startSec);
      own.ends.push(endMs / 1000 - truth[index].endSec);
    }
  };
  const isRight = (words) => words.map(({ word }) => word).join(" ") === truth.map(({ text }) => text).join(" ");

  const { segments, attention, loudness } = decode(samplesOf(path));
  const joined = joinSegments(segments);
  const ours = (list) => alignWords(list, attention, loudness, { tokenizer, language: "en" }).flat();
  if (isRight(ours(segments))) {
    counts.heardRight++;
    add("timestamps, shared out by length", segments.flatMap(shareOut));
    add("sotto", ours(segments));
    add("joined: shared out by length", joined.flatMap(shareOut));
    add(
      "joined: attention alone",
      joined.flatMap((segment) => byAttention(segment, attention)),
    );
    add("joined: sotto", ours(joined));
  }
  if (values["whisper-cli"]) {
    const words = byWhisperCpp(values["whisper-cli"], path);
    if (isRight(words)) {
      counts.heardRightByWhisperCpp++;
      add("whisper.cpp's heuristic", words);
    }
  }
}
for (const [method, { starts, ends }] of errors) {
  const cell = ({ median, p95 }) => `${median.toFixed(3)} / ${p95.toFixed(3)}`;
  const mean = (list) => (list.reduce((sum, error) => sum + Math.abs(error), 0) / list.length).toFixed(3);
  const row = `starts ${cell(spreadOf(starts))} mean ${mean(starts)}  ends ${cell(spreadOf(ends))} mean ${mean(ends)}`;
  console.log(`${method.padEnd(34)} ${String(starts.length).padStart(5)} words  ${row}`);
}
console.log(JSON.stringify(counts));
session.close();

/** @param {string} path */
function samplesOf(path) {
  const args = ["-v", "error", "-i", path, "-f", "s16le", "-ar", "16000", "-ac", "1", "-t", "30", "-"];
  const bytes = execFileSync("ffmpeg", args, { maxBuffer: 2 << 20 });
  return new Int16Array(bytes.buffer.slice(bytes.byteOffset, bytes.byteOffset + bytes.byteLength));
}

/** One greedy pass over a window, and what it looked at. @param {Int16Array} pcm */
function decode(pcm) {
  session.setAudio(pcm, go);
  session.encode(0, go);
  session.detect(go);
  const prompt = model.promptTokens("transcribe", "en", undefined);
  const options = { temperature: 0, candidates: 1, seed: 0, timestamps: true, maxInitialTimestamp: 50 };
  const { ids } = session.decode(prompt, { ...options, maxTokens: model.maxTokens(prompt.length) }, go);
  const positions = Math.ceil(pcm.length / 320);
  const rows = session.align(Int32Array.of(...prompt, ...ids, facts.endOfText), prompt.length - 1, positions, go);
  let first = 0;
  const segments = segmentTokens([...ids], facts.timestampBegin, Math.floor(pcm.length / 160)).segments.map((piece) => {
    const own = { ...piece, rows: piece.tokens.map((_, index) => first + index) };
    first += piece.tokens.length;
    return own;
  });
  return {
    segments: segments.filter(({ tokens }) => tokens.some((id) => tokenizer.isText(id))),
    attention: { rows, positions },
    loudness: loudnessOf(pcm),
  };
}

/** Segments that follow each other closely, as one. */
function joinSegments(segments) {
  const joined = [];
  for (const segment of segments) {
    const last = joined.at(-1);
    if (!last || (segment.startStep - last.endStep) * STEP_MS >= JOINED_MS) {
      joined.push({ ...segment, tokens: [...segment.tokens], rows: [...segment.rows] });
      continue;
    }
    last.endStep = segment.endStep;
    last.tokens.push(...segment.tokens);
    last.rows.push(...segment.rows);
  }
  return joined;
}

/** The time of a segment shared out among its words: a letter each, and one for each word. */
function shareOut({ tokens, startStep, endStep }) {
  const words = splitWords(tokenizer.decode(tokens), "en");
  const total = words.reduce((sum, word) => sum + word.length + 1, 0);
  const at = (letters) => (startStep + ((endStep - startStep) * letters) / total) * STEP_MS;
  let passed = 0;
  return words.map((word) => {
    const startMs = at(passed);
    passed += word.length + 1;
    return { word, startMs, endMs: at(passed) };
  });
}

/** As openai/whisper does it, within each segment: a word lasts until the decoder looks at the next. Words of one token. */
function byAttention({ tokens, rows, startStep, endStep }, attention) {
  const text = tokens.map((_, index) => index).filter((index) => tokenizer.isText(tokens[index]));
  const to = Math.min(attention.positions, endStep);
  const path = attentionPath(
    attention,
    text.map((index) => rows[index]),
    startStep,
    to,
  );
  return path.map(({ first }, index) => ({
    word: tokenizer.decode([tokens[text[index]]]).trim(),
    startMs: first * STEP_MS,
    endMs: (path[index + 1]?.first ?? to) * STEP_MS,
  }));
}

/** @param {string} program @param {string} path */
function byWhisperCpp(program, path) {
  const out = mkdtempSync(join(tmpdir(), "sotto-words-"));
  const args = ["-m", values.model, "-f", path, "-l", "en", "-bs", "1", "-bo", "1", "-nf", "-t", "1", "-np", "-ojf"];
  execFileSync(program, [...args, "-of", join(out, "clip")], { stdio: "ignore" });
  const { transcription } = JSON.parse(readFileSync(join(out, "clip.json"), "utf8"));
  rmSync(out, { recursive: true });
  return transcription
    .flatMap(({ tokens }) => tokens)
    .filter(({ id }) => id < facts.endOfText)
    .map(({ text, offsets }) => ({ word: text.trim(), startMs: offsets.from, endMs: offsets.to }));
}
