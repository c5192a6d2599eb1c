import { CHOICES, CODE_COUNT, choicesOf, HEARD_SLOTS } from "./scripted-text.js";

export const RATE_HZ = 16_000;
const WINDOW_SEC = 30;

/** Loud enough to stand out of any band, soft enough to leave speech its room. */
export const TONE_AMPLITUDE = 0.03;

/** Bands of Whisper's 80 that hold a tone each, by slot and choice: above speech, no neighbours. */
export const TONE_BANDS: readonly number[] = Array.from(
  { length: HEARD_SLOTS.length * CHOICES },
  (_, index) => 57 + 2 * index,
);

/** Lines of a 400-point transform: a tone on one of them falls into few bands. */
export const LINE_HZ = RATE_HZ / 400;

/** Highest line of each tone's band, found from the mel scale as librosa has it (Slaney's). */
export const TONE_LINES: readonly number[] = TONE_BANDS.map((band) => Math.round(bandCentreHz(band) / LINE_HZ));

/** Centre of one of the 80 bands. Source: librosa `mel_frequencies`, Slaney's scale: linear to 1 kHz, then logarithmic. */
function bandCentreHz(band: number): number {
  const toMel = (hz: number) => 15 + Math.log(hz / 1000) / (Math.log(6.4) / 27);
  const mel = ((band + 1) * toMel(RATE_HZ / 2)) / 81;
  return mel < 15 ? (200 / 3) * mel : 1000 * Math.exp((mel - 15) * (Math.log(6.4) / 27));
}

/** The code of the n-th window of a recording whose first has `firstCode`: neighbours differ in every slot. */
export function codeOfWindow(firstCode: number, index: number): number {
  return (firstCode + 21 * index) % CODE_COUNT;
}

/**
 * Something like speech, the same in every run: a voice with a melody in syllables of a formant or two, words and pauses,
 * below 4 kHz; above it the tones that tell a scripted model what to say, another set in each window of 30 s.
 * @returns 16-bit samples at 16 kHz, mono
 */
export function scriptedSound(durationSec: number, firstCode: number): Int16Array {
  const samples = new Int16Array(Math.round(durationSec * RATE_HZ));
  const voice = new Voice(firstCode + 1);
  const windowSamples = WINDOW_SEC * RATE_HZ;
  for (let first = 0; first < samples.length; first += windowSamples) {
    const tones = tonePeriod(codeOfWindow(firstCode, first / windowSamples));
    const end = Math.min(samples.length, first + windowSamples);
    for (let at = first; at < end; at++) {
      const sample = voice.next() + (tones[at % tones.length] as number);
      samples[at] = Math.round(32_767 * Math.max(-1, Math.min(1, sample)));
    }
  }
  return samples;
}

/** One period of a code's tones together: all lie on lines of a 400-point transform. */
function tonePeriod(code: number): Float64Array {
  const choices = choicesOf(code);
  const lines = HEARD_SLOTS.map((slot, place) => TONE_LINES[place * CHOICES + choices[slot]] as number);
  const wave = (at: number, line: number, place: number) => Math.sin((2 * Math.PI * line * at) / 400 + place);
  return Float64Array.from({ length: 400 }, (_, at) =>
    lines.reduce((sum, line, place) => sum + TONE_AMPLITUDE * wave(at, line, place), 0),
  );
}

/** First and second formant of some vowels, in Hz. */
const VOWELS_HZ = [
  [730, 1090],
  [270, 2290],
  [530, 1840],
  [570, 840],
  [300, 870],
  [660, 1720],
] as const;
const SYLLABLE_SAMPLES = RATE_HZ * 0.19;

/** Pulses of a voice through two resonances, syllable after syllable. */
class Voice {
  #state: number;
  #at = 0;
  #pitch = 0;
  #pitchHz = 120;
  #loudness = 0;
  #resonances: [Resonance, Resonance] = [new Resonance(500), new Resonance(1500)];

  constructor(seed: number) {
    this.#state = Math.imul(seed, 0x9e3779b1) >>> 0;
  }

  next(): number {
    const within = this.#at++ % SYLLABLE_SAMPLES;
    if (within === 0) this.#beginSyllable();
    this.#pitch += this.#pitchHz / RATE_HZ;
    const pulse = this.#pitch >= 1 ? 1 : 0;
    this.#pitch -= pulse;
    const envelope = Math.sin((Math.PI * within) / SYLLABLE_SAMPLES) ** 2;
    const [first, second] = this.#resonances;
    return this.#loudness * envelope * second.filter(first.filter(pulse));
  }

  #beginSyllable(): void {
    const [first, second] = VOWELS_HZ[Math.floor(this.#random() * VOWELS_HZ.length)] as readonly [number, number];
    this.#resonances = [new Resonance(first), new Resonance(second)];
    this.#pitchHz = 95 + 60 * this.#random();
    this.#loudness = this.#random() < 0.15 ? 0 : 0.5 + 0.5 * this.#random();
  }

  /** From 0 to below 1; a linear congruence is chance enough for a voice. */
  #random(): number {
    this.#state = (Math.imul(this.#state, 1_664_525) + 1_013_904_223) >>> 0;
    return this.#state / 2 ** 32;
  }
}

/** Two poles with a bandwidth of 90 Hz, and unit gain at 0 Hz. */
class Resonance {
  readonly #b: number;
  readonly #c: number;
  #before = 0;
  #earlier = 0;

  constructor(centreHz: number) {
    const radius = Math.exp((-Math.PI * 90) / RATE_HZ);
    this.#b = 2 * radius * Math.cos((2 * Math.PI * centreHz) / RATE_HZ);
    this.#c = -radius * radius;
  }

  filter(input: number): number {
    const output = (1 - this.#b - this.#c) * input + this.#b * this.#before + this.#c * this.#earlier;
    this.#earlier = this.#before;
    this.#before = output;
    return output;
  }
}
