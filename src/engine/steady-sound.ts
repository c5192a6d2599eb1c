import { SAMPLE_RATE, SPEECH_FRAME_SAMPLES } from "../core/audio.js";

/** Consecutive frames of a piece: `end` is the one after the last. */
export interface FrameRun {
  first: number;
  end: number;
}

/** Steady noise stays within 2 dB of its quietest frame; the loudest syllable of speech 10 dB below it does not. */
const STEADY_DB = 2.5;
/** So much before and after what is not steady is judged too: the network wants to know the room first. */
const MARGIN_FRAMES = Math.ceil(SAMPLE_RATE / SPEECH_FRAME_SAMPLES);
/** Of the sample before, taken away, twice: hum and rumble, which would hide a voice, do not count then. */
const PRE_EMPHASIS = 0.97;
/** Of rounding to whole numbers. */
const ROUNDING_POWER = 1 / 12;

/**
 * The frames of a piece of a recording that are worth a network's time: those in which anything stands out from the steadiest
 * of noises, both in the whole sound and in its sharp part, with a second around them; and the piece's last second, so that
 * what begins with the next piece does not begin from nothing.
 * @returns in their order, with gaps between
 */
export function unsteadyFrames(pcm: Int16Array): FrameRun[] {
  const { full, sharp } = levelsOf(pcm);
  const limits = [full, sharp].map(
    (levels) => levels.reduce((least, one) => Math.min(least, one), Number.MAX_VALUE) + STEADY_DB,
  );
  const runs: FrameRun[] = [];
  const include = (first: number, end: number) => {
    const last = runs.at(-1);
    if (last && first <= last.end) last.end = Math.max(last.end, end);
    else runs.push({ first, end });
  };
  for (let frame = 0; frame < full.length; frame++) {
    const isSteady =
      (full[frame] as number) <= (limits[0] as number) && (sharp[frame] as number) <= (limits[1] as number);
    if (isSteady) continue;
    include(Math.max(0, frame - MARGIN_FRAMES), Math.min(full.length, frame + 1 + MARGIN_FRAMES));
  }
  include(Math.max(0, full.length - MARGIN_FRAMES), full.length);
  return runs;
}

/** Decibels of each frame; the last may be cut short. */
function levelsOf(pcm: Int16Array): { full: Float32Array; sharp: Float32Array } {
  const count = Math.ceil(pcm.length / SPEECH_FRAME_SAMPLES);
  const [full, sharp] = [new Float32Array(count), new Float32Array(count)];
  let before = pcm[0] ?? 0;
  let edgeBefore = 0;
  for (let frame = 0; frame < count; frame++) {
    const end = Math.min(pcm.length, (frame + 1) * SPEECH_FRAME_SAMPLES);
    let [whole, edges] = [0, 0];
    for (let at = frame * SPEECH_FRAME_SAMPLES; at < end; at++) {
      const sample = pcm[at] as number;
      whole += sample * sample;
      const edge = sample - PRE_EMPHASIS * before;
      edges += (edge - PRE_EMPHASIS * edgeBefore) ** 2;
      before = sample;
      edgeBefore = edge;
    }
    const length = end - frame * SPEECH_FRAME_SAMPLES;
    full[frame] = 10 * Math.log10(whole / length + ROUNDING_POWER);
    sharp[frame] = 10 * Math.log10(edges / length + ROUNDING_POWER);
  }
  return { full, sharp };
}
