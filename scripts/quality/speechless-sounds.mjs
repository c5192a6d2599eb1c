/** @typedef {import("../fuzz/random.mjs").Random} Random */
/** @typedef {(random: Random, count: number) => Float32Array} Sound samples in -1..1 at 16 kHz */

export const RATE_HZ = 16_000;

/** From one to the other, as likely in each octave. @param {Random} random @param {number} from @param {number} to */
export function spread(random, from, to) {
  return from * (to / from) ** random.next();
}

/**
 * Sounds in which nobody speaks, by name. Each call makes another one: level, pitch and pace are drawn anew.
 * @type {Record<string, Sound>}
 */
export const SPEECHLESS = {
  "digital silence": (_, count) => new Float32Array(count),
  "faint hiss": (random, count) => scaled(whiteNoise(random, count), spread(random, 0.00005, 0.002)),
  "white noise": (random, count) => scaled(whiteNoise(random, count), spread(random, 0.003, 0.8)),
  "pink noise": (random, count) => scaled(pinkNoise(random, count), spread(random, 0.01, 0.8)),
  "swelling noise": (random, count) => {
    const [slow, fast] = [spread(random, 0.03, 0.3), spread(random, 0.3, 2)];
    const level = spread(random, 0.05, 0.8);
    return pinkNoise(random, count).map((sample, at) => {
      const sec = at / RATE_HZ;
      return sample * level * (0.55 + 0.3 * Math.sin(6.283 * slow * sec) + 0.15 * Math.sin(6.283 * fast * sec));
    });
  },
  hum: (random, count) => {
    const mainsHz = random.pick([50, 60]);
    const parts = Array.from({ length: 8 }, (_, index) => random.next() / (index + 1));
    const level = spread(random, 0.01, 0.5);
    const hiss = whiteNoise(random, count);
    return filled(count, (sec, at) => {
      const hum = parts.reduce((sum, part, index) => sum + part * Math.sin(6.283 * mainsHz * (index + 1) * sec), 0);
      return 0.5 * level * hum + 0.0005 * /** @type {number} */ (hiss[at]);
    });
  },
  clicks: (random, count) => {
    const samples = new Float32Array(count);
    const everySec = spread(random, 0.05, 2);
    const isRegular = random.next() < 0.5;
    const level = spread(random, 0.05, 0.95);
    for (let sec = everySec; sec * RATE_HZ < count; sec += everySec * (isRegular ? 1 : 0.2 + 1.6 * random.next())) {
      const first = Math.floor(sec * RATE_HZ);
      const decay = spread(random, 5, 60);
      for (let at = 0; at < 400 && first + at < count; at++) {
        samples[first + at] = level * Math.exp(-at / decay) * (random.next() * 2 - 1);
      }
    }
    return samples;
  },
  "tones and sweeps": (random, count) => {
    const fromHz = spread(random, 80, 4000);
    const toHz = random.next() < 0.5 ? fromHz : spread(random, 80, 4000);
    const level = spread(random, 0.02, 0.8);
    let phase = 0;
    return filled(count, (_, at) => {
      phase += (6.283 * (fromHz + ((toHz - fromHz) * at) / count)) / RATE_HZ;
      return level * Math.sin(phase);
    });
  },
  "music: chords": (random, count) => music(random, count, { isChord: true, hasDrums: false }),
  "music: melody and drums": (random, count) => music(random, count, { isChord: false, hasDrums: true }),
};

const SCALE = [0, 2, 4, 5, 7, 9, 11];

/**
 * Notes with overtones that are struck and die away, vibrato, and a drum on each beat.
 * @param {Random} random @param {number} count @param {{ isChord: boolean, hasDrums: boolean }} kind
 */
function music(random, count, { isChord, hasDrums }) {
  const samples = new Float32Array(count);
  const beatSec = 60 / (60 + random.next() * 120);
  const rootHz = spread(random, 110, 330);
  const level = spread(random, 0.05, 0.5);
  const decaySec = spread(random, 0.15, 1.5);
  const vibrato = random.next() < 0.5 ? 0.006 : 0;
  const pitch = (/** @type {number} */ step) =>
    rootHz * 2 ** /** @type {number} */ ((SCALE[step % 7] + 12 * Math.floor(step / 7)) / 12);
  for (let beat = 0; beat * beatSec * RATE_HZ < count; beat++) {
    const first = Math.floor(beat * beatSec * RATE_HZ);
    const step = random.below(7);
    const steps = isChord ? [step, step + 2, step + 4] : [step + 7 * random.below(2)];
    for (const hz of steps.map(pitch)) strike(samples, first, { hz, level: level / steps.length, decaySec, vibrato });
    if (hasDrums) drum(samples, first, level, random);
  }
  return samples;
}

/** @param {Float32Array} samples @param {number} first @param {{ hz: number, level: number, decaySec: number, vibrato: number }} note */
function strike(samples, first, { hz, level, decaySec, vibrato }) {
  const length = Math.min(samples.length - first, Math.floor(4 * decaySec * RATE_HZ));
  for (let at = 0; at < length; at++) {
    const sec = at / RATE_HZ;
    const phase = 6.283 * hz * (sec + (vibrato / 31) * Math.sin(31 * sec));
    const tone = Math.sin(phase) + 0.5 * Math.sin(2 * phase) + 0.25 * Math.sin(3 * phase) + 0.12 * Math.sin(5 * phase);
    samples[first + at] =
      (samples[first + at] ?? 0) + 0.5 * level * tone * Math.min(1, sec / 0.01) * Math.exp(-sec / decaySec);
  }
}

/** @param {Float32Array} samples @param {number} first @param {number} level @param {Random} random */
function drum(samples, first, level, random) {
  const isDeep = random.next() < 0.5;
  for (let at = 0; at < 3200 && first + at < samples.length; at++) {
    const sec = at / RATE_HZ;
    const skin = isDeep ? Math.sin(6.283 * (90 * sec - 100 * sec * sec)) : random.next() * 2 - 1;
    samples[first + at] = (samples[first + at] ?? 0) + level * skin * Math.exp(-sec / 0.05);
  }
}

/** @param {number} count @param {(sec: number, at: number) => number} sampleAt */
function filled(count, sampleAt) {
  const samples = new Float32Array(count);
  for (let at = 0; at < count; at++) samples[at] = sampleAt(at / RATE_HZ, at);
  return samples;
}

/** @param {Random} random @param {number} count */
export function whiteNoise(random, count) {
  return filled(count, () => random.next() * 2 - 1);
}

/** White noise through Paul Kellet's filter (https://www.firstpr.com.au/dsp/pink-noise/), the economy one. @param {Random} random @param {number} count */
function pinkNoise(random, count) {
  let [deep, middle, high] = [0, 0, 0];
  return filled(count, () => {
    const white = random.next() * 2 - 1;
    deep = 0.99765 * deep + white * 0.099046;
    middle = 0.963 * middle + white * 0.2965164;
    high = 0.57 * high + white * 1.0526913;
    return (deep + middle + high + white * 0.1848) / 4;
  });
}

/** @param {Float32Array} samples @param {number} level */
function scaled(samples, level) {
  return samples.map((sample) => sample * level);
}
