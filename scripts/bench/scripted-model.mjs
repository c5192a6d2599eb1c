/**
 * `node scripts/bench/scripted-model.mjs SIZE FILE`: a Whisper model of full size (tiny, base, small, medium) whose cost is
 * real and whose text is known, as a ggml file in f16. `scripted_ctranslate2.py` makes CTranslate2's form of it.
 *
 * What it says stands in `src/cli/bench/scripted-text.ts`. How the weights say it:
 * - Tokens of the text, and the timestamps between its segments, have an axis of the decoder's state each; all other tokens
 *   lie in the dimensions that are left. The positional embedding of position p is the token that comes next.
 * - The first encoder channels answer to one tone each. The first decoder layer attends with head 0 to where there is sound
 *   and adds the words that the tones stand for; in the places of slots all words of a slot are equally likely without that.
 * - One encoder channel tells how late in the window a position is. Its mean over where there is sound decides at which
 *   segment's end the text stops: the same whether 30 s are encoded or only as much as there is sound.
 * - Self-attention's head 0 attends to where the first colour is the input, and adds the fruit that goes with it.
 * - Every other weight is noise that is next to nothing, but not zero: nothing can be skipped.
 */
import { closeSync, mkdirSync, openSync, readSync, writeSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { F32, WEIGHT_TYPES } from "../../dist/catalog/ggml-types.js";
import { halfBits } from "../../dist/catalog/half-float.js";
import { expectedTensors } from "../../dist/catalog/model-tensors.js";
import { LINE_HZ, TONE_AMPLITUDE, TONE_BANDS, TONE_LINES } from "../../dist/cli/bench/scripted-sound.js";
import { CHOICES, HEARD_SLOTS, SEGMENTS, SLOT_WORDS, slotOf } from "../../dist/cli/bench/scripted-text.js";
import { Random } from "../fuzz/random.mjs";
import { Failure, runMain } from "../setup/failure.mjs";
import { ROOT } from "../setup/root.mjs";

/** Layers of encoder and decoder each, width, heads. @type {Record<string, [number, number, number]>} */
export const SIZES = { tiny: [4, 384, 6], base: [6, 512, 8], small: [12, 768, 12], medium: [24, 1024, 16] };

const MAGIC = 0x67676d6c;
const [VOCAB, AUDIO_CONTEXT, TEXT_CONTEXT, MEL_BANDS, MEL_LINES] = [51_865, 1500, 448, 80, 201];
const [EOT, EN, FIRST_TIMESTAMP] = [50_257, 50_259, 50_364];
/** Start of transcript, language, task: the position of the last of them tells the first token. */
const FIRST_POSITION = 2;

/** Weight of the token that comes next, in its position. */
const NEXT = 16;
/** What hearing a tone, or remembering the colour, adds to a word. */
const HEARD = 10;
/** What a whole window of sound takes from the end of the text, which every end of a segment has to make up for. */
const SOUND = 40;
const FLAG = 8;
/** Logit of a token whose axis is the whole state. */
const SHARPNESS = 80;
/** By how much attended places outweigh the others, in the exponent. */
const ATTENTION = 12;
/** What a tone makes of its channel; the rest of a frame is the positional embedding, of about the root of the width. */
const CHANNEL = 16;
/** What lateness makes of its channel at the end of the window. */
const LATEST = 6;
const NOISE = 0.002;

/**
 * @typedef {{ filters: Float32Array, pieces: Buffer[], tokenOf: Map<string, number> }} Vocabulary
 * @typedef {(name: string, dims: readonly number[]) => Float32Array} Weights a tensor, the fastest dimension first
 */

/** Mel filters and tokens of the demonstration model, which are Whisper's. @returns {Vocabulary} */
function readVocabulary() {
  const file = openSync(join(ROOT, "models/ggml-sotto-mini.bin"), "r");
  const head = Buffer.alloc(4_000_000);
  readSync(file, head, 0, head.length, 0);
  closeSync(file);
  let at = 48 + 8;
  const filters = Float32Array.from({ length: MEL_BANDS * MEL_LINES }, (_, index) => head.readFloatLE(at + 4 * index));
  at += 4 * filters.length;
  const count = head.readInt32LE(at);
  at += 4;
  const pieces = Array.from({ length: count }, () => {
    const length = head.readInt32LE(at);
    const piece = head.subarray(at + 4, at + 4 + length);
    at += 4 + length;
    return piece;
  });
  const tokenOf = new Map(pieces.map((piece, token) => [piece.toString("latin1"), token]));
  return { filters, pieces, tokenOf };
}

/**
 * The tokens that follow each other, with the choice there is: one token, or the words of a slot, or an end of a segment.
 * @param {Map<string, number>} tokenOf
 * @typedef {{ tokens: number[], slot?: string, stopsBelowSec?: number }} Step
 * @returns {Step[]}
 */
function stepsOf(tokenOf) {
  const token = (/** @type {string} */ word) => {
    const found = tokenOf.get(` ${word}`);
    if (found === undefined) throw new Failure(`'${word}' is no token of its own.`);
    return found;
  };
  const timestamp = (/** @type {number} */ sec) => FIRST_TIMESTAMP + 50 * sec;
  /** @type {Step[]} */
  const steps = [{ tokens: [timestamp(0)] }];
  for (const [index, { endSec, words }] of SEGMENTS.entries()) {
    for (const word of words) {
      const slot = slotOf(word);
      steps.push(slot ? { slot, tokens: SLOT_WORDS[slot].map(token) } : { tokens: [token(word)] });
    }
    steps.push({ tokens: [timestamp(endSec)] });
    const next = SEGMENTS[index + 1];
    if (next) steps.push({ tokens: [timestamp(endSec)], stopsBelowSec: (endSec + next.endSec) / 2 });
  }
  return steps;
}

/**
 * The values of every tensor; where a tensor is not named it is noise.
 * @param {number} state @param {Vocabulary} vocabulary
 */
function scriptedWeights(state, { filters, tokenOf }) {
  const steps = stepsOf(tokenOf);
  const axes = new Map(
    [...new Set([EOT, EN, ...steps.flatMap(({ tokens }) => tokens)])].map((token, axis) => [token, axis]),
  );
  const axisOf = (/** @type {number} */ token) => /** @type {number} */ (axes.get(token));
  const flagAxis = axes.size;
  const root = Math.sqrt(state);
  const random = new Random(state);
  const noise = new Float32Array(1 << 16).map(() => (random.next() - 0.5) * 3.46); // of variance 1
  /** @param {number} length @param {number} scale */
  const noisy = (length, scale) => {
    const values = new Float32Array(length);
    for (let at = 0; at < length; at += noise.length) {
      const shift = random.below(noise.length);
      const end = Math.min(length, at + noise.length);
      for (let index = at; index < end; index++) values[index] = scale * noise[(index + shift) & 0xffff];
    }
    return values;
  };
  const wordAxes = (/** @type {string} */ slot) =>
    SLOT_WORDS[slot].map((/** @type {string} */ word) => axisOf(/** @type {number} */ (tokenOf.get(` ${word}`))));
  const heardAxes = HEARD_SLOTS.flatMap(wordAxes);
  // A sounding frame after the encoder's last norm; the place where the first colour is the input, after the decoder's first.
  const heard = (CHANNEL * root) / Math.sqrt(state + HEARD_SLOTS.length * CHANNEL ** 2 + LATEST ** 2);
  const scale = heard / CHANNEL;
  const lateness = state - 1;
  const remembering = Math.sqrt(NEXT ** 2 + FLAG ** 2 + 1);
  const colourAt = FIRST_POSITION + steps.findIndex(({ slot }) => slot === "colour") + 1;

  /** @type {Record<string, Weights>} */
  const special = {
    "encoder.positional_embedding": (_, [width, count]) => {
      const weights = noisy(width * count, 1);
      for (let at = 0; at < count; at++) {
        const late = (LATEST * at) / count;
        // Attention is to be alike everywhere: the last norm makes the tones smaller the larger the rest is.
        const rest = Math.sqrt(LATEST ** 2 - late ** 2);
        // What that norm takes off every channel.
        const mean = (HEARD_SLOTS.length * CHANNEL + late + rest) / width;
        weights.set([rest, late + mean], at * width + lateness - 1);
      }
      return weights;
    },
    "encoder.conv1.weight": () => {
      const weights = noisy(3 * MEL_BANDS * state, NOISE);
      for (const [channel, band] of TONE_BANDS.entries()) {
        weights[3 * (channel * MEL_BANDS + band) + 1] = 8;
      }
      return weights;
    },
    "encoder.conv1.bias": () => {
      const bias = new Float32Array(state);
      // A tone makes 4 of it, and what is ten times softer -4, which is nothing after the activation.
      for (const channel of TONE_BANDS.keys()) bias[channel] = 4 - 8 * toneLevel(filters, channel);
      return bias;
    },
    "encoder.conv2.weight": () => {
      const weights = noisy(3 * state * state, NOISE);
      for (const channel of TONE_BANDS.keys()) weights[3 * (channel * state + channel) + 1] = CHANNEL / 4;
      return weights;
    },
    "decoder.token_embedding.weight": () => {
      const weights = noisy(VOCAB * state, 1 / Math.sqrt(state - flagAxis - 1));
      for (let token = 0; token < VOCAB; token++) {
        const row = weights.subarray(token * state, (token + 1) * state);
        const axis = axes.get(token);
        row.fill(0, 0, axis === undefined ? flagAxis + 1 : state);
        if (axis !== undefined) row[axis] = 1;
      }
      return weights;
    },
    "decoder.positional_embedding": () => {
      const weights = noisy(TEXT_CONTEXT * state, NOISE);
      const add = (/** @type {number} */ position, /** @type {number} */ axis, /** @type {number} */ value) => {
        weights[position * state + axis] += value;
      };
      add(0, axisOf(EN), NEXT);
      for (const [index, { tokens, stopsBelowSec }] of steps.entries()) {
        for (const token of tokens) add(FIRST_POSITION + index, axisOf(token), NEXT);
        if (stopsBelowSec) add(FIRST_POSITION + index, axisOf(EOT), NEXT + (SOUND * stopsBelowSec) / 30);
      }
      for (let position = FIRST_POSITION + steps.length; position < TEXT_CONTEXT; position++)
        add(position, axisOf(EOT), NEXT + SOUND);
      add(colourAt, flagAxis, FLAG);
      return weights;
    },
    "decoder.ln.weight": (_, [width]) => new Float32Array(width).fill(SHARPNESS / root),
    // Queries do not depend on the position: the first dimension of head 0 alone is anything.
    ...attention("decoder.blocks.0.cross_attn", state, noisy, {
      key: (row) =>
        Object.assign(row, Object.fromEntries(channels(0, CHOICES).map((c) => [c, (8 * ATTENTION) / heard]))),
      values: [
        ...heardAxes.map((axis, channel) => ({ from: [[channel, 1 / heard]], to: [[axis, HEARD]] })),
        // Sound that begins with the window is on average half as late as its end.
        { from: [[lateness, 2 / (LATEST * scale)]], to: [[axisOf(EOT), -SOUND]] },
      ],
    }),
    ...attention("decoder.blocks.0.attn", state, noisy, {
      key: (row) => Object.assign(row, { [flagAxis]: (8 * ATTENTION * remembering) / (FLAG * root) }),
      values: wordAxes("colour").map((axis, choice) => ({
        from: [[axis, remembering / root]],
        to: [[wordAxes("fruit")[choice], HEARD]],
      })),
    }),
  };

  /** @type {Weights} */
  return (name, dims) => {
    const length = dims.reduce((product, dim) => product * dim, 1);
    const own = special[name];
    if (own) return own(name, dims);
    if (name.endsWith("_ln.weight") || name.endsWith("ln_post.weight")) return new Float32Array(length).fill(1);
    if (name.endsWith(".bias")) return new Float32Array(length);
    // What the blocks make is a product's worth of numbers; what they add is next to nothing.
    const adds = name.endsWith(".out.weight") || name.endsWith(".mlp.2.weight");
    return noisy(length, (adds ? 0.02 : 0.5) / Math.sqrt(/** @type {number} */ (dims[0])));
  };
}

/** @param {number} first @param {number} count */
function channels(first, count) {
  return Array.from({ length: count }, (_, index) => first + index);
}

/**
 * An attention whose query is the same everywhere.
 * @param {string} name @param {number} state @param {(length: number, scale: number) => Float32Array} noisy
 * @param {{ key: (row: Float32Array) => void, values: { from: number[][], to: number[][] }[] }} made
 * @returns {Record<string, Weights>}
 */
function attention(name, state, noisy, { key, values }) {
  const quiet = () => noisy(state * state, NOISE / Math.sqrt(state));
  return {
    [`${name}.query.weight`]: quiet,
    [`${name}.query.bias`]: () => Object.assign(new Float32Array(state), { 0: 1 }),
    [`${name}.key.weight`]: () => {
      const weights = quiet();
      key(weights.subarray(0, state));
      return weights;
    },
    [`${name}.value.weight`]: () => {
      const weights = quiet();
      for (const [index, { from }] of values.entries())
        for (const [column, value] of from) weights[index * state + column] = value;
      return weights;
    },
    [`${name}.out.weight`]: () => {
      const weights = quiet();
      for (const [index, { to }] of values.entries())
        for (const [axis, value] of to) weights[axis * state + index] = value;
      return weights;
    },
  };
}

/** A tone's value in its band of the spectrogram, as Whisper scales it. @param {Float32Array} filters @param {number} tone */
function toneLevel(filters, tone) {
  const band = TONE_BANDS[tone] ?? 0;
  const line = TONE_LINES[tone] ?? 0;
  // A Hann window of 400 makes half the amplitude times 200 of a line, and half of that of its neighbours.
  const power = [-1, 0, 1].reduce((sum, offset) => {
    const magnitude = (100 * TONE_AMPLITUDE) / (1 + Math.abs(offset));
    return sum + (filters[band * MEL_LINES + line + offset] ?? 0) * magnitude ** 2;
  }, 0);
  if (power === 0) throw new Failure(`Expected ${line * LINE_HZ} Hz to lie in band ${band}.`);
  return (Math.log10(power) + 4) / 4;
}

/**
 * Writes the model. Takes some seconds for tiny, a minute for medium.
 * @param {string} size @param {string} path
 */
export function writeScriptedModel(size, path) {
  const shape = SIZES[size];
  if (!shape) throw new Failure(`Expected one of ${Object.keys(SIZES).join(", ")}, but received '${size}'.`);
  const [layers, state, heads] = shape;
  const vocabulary = readVocabulary();
  const f16 = /** @type {import("../../dist/catalog/ggml-types.js").GgmlType} */ (WEIGHT_TYPES.get(1));
  mkdirSync(dirname(path), { recursive: true });
  const file = openSync(path, "w");
  const ints = (/** @type {number[]} */ ...values) => writeSync(file, Int32Array.from(values));
  ints(MAGIC, VOCAB, AUDIO_CONTEXT, state, heads, layers, TEXT_CONTEXT, state, heads, layers, MEL_BANDS, 1);
  ints(MEL_BANDS, MEL_LINES);
  writeSync(file, vocabulary.filters);
  ints(vocabulary.pieces.length);
  for (const piece of vocabulary.pieces) {
    ints(piece.length);
    writeSync(file, piece);
  }
  const weights = scriptedWeights(state, vocabulary);
  const header = {
    ...{ vocabSize: VOCAB, audioContext: AUDIO_CONTEXT, textContext: TEXT_CONTEXT, state, heads },
    ...{ audioLayers: layers, textLayers: layers, melBins: MEL_BANDS, weightType: f16 },
  };
  for (const [name, { type, dims }] of expectedTensors(header)) {
    const values = weights(name, dims);
    ints(dims.length, name.length, type.id, ...dims);
    writeSync(file, name);
    writeSync(file, type === F32 ? values : Uint16Array.from(values, halfBits));
  }
  closeSync(file);
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  await runMain(async () => {
    const [size, path] = process.argv.slice(2);
    if (!size || !path) throw new Failure("Expected SIZE (tiny, base, small, medium) and FILE.");
    writeScriptedModel(size, path);
  });
}
