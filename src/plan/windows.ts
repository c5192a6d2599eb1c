import { type GrowingSpool, SAMPLE_RATE, WINDOW_MAX_SAMPLES, type Window } from "../core/audio.js";
import { CUT_STEP_SAMPLES, quietCut, stepPowers } from "./quiet-cut.js";
import type { SpeechDetector } from "./speech-detector.js";
import type { SpeechParams } from "./speech-params.js";
import { SpeechSpans } from "./speech-spans.js";
import { SpoolReader } from "./spool-reader.js";
import { WindowPacker } from "./window-packer.js";

/** After so long a silence a window does not wait for more: who streams should not either. */
const MOST_SILENCE_SAMPLES = 60 * SAMPLE_RATE;

/** What planning found out beside the windows. */
export interface PlanFigures {
  /** What finding speech took. */
  speechMs: number;
}

/** How speech is found in a recording. */
export interface SpeechSearch {
  detector: SpeechDetector;
  params: SpeechParams;
}

/**
 * Plans a recording into windows of speech of at most 30 s, while it is still being decoded, with bounded memory.
 * @param figures grow as the plan does
 * @throws the signal's reason; whatever ended the decoding
 */
export async function* speechWindows(
  spool: GrowingSpool,
  { detector, params }: SpeechSearch,
  signal: AbortSignal,
  figures: PlanFigures,
): AsyncGenerator<Window> {
  await using reader = new SpoolReader(spool, signal);
  const packer = new WindowPacker(params, async (from, to) => {
    return from + quietCut(stepPowers(await reader.read(from, to - from))) * CUT_STEP_SAMPLES;
  });
  const spans = new SpeechSpans(params);
  for await (const { probabilities, computeMs } of detector.judge(spool, signal)) {
    figures.speechMs += computeMs;
    for (const span of spans.push(probabilities)) yield* await packer.add(span);
    const silentSamples = spans.judgedSamples - (packer.waitsSince ?? spans.judgedSamples);
    if (!spans.isOpen && silentSamples > MOST_SILENCE_SAMPLES) yield* windowsOf(packer.flush(spans.judgedSamples));
  }
  const { sampleCount } = await spool.growBeyond(Number.POSITIVE_INFINITY);
  for (const span of spans.end(sampleCount)) yield* await packer.add(span);
  yield* windowsOf(packer.flush(sampleCount));
}

/** `vad_filter=false`: consecutive windows of exactly 30 s from the start, whatever the sound, and what is left. */
export async function* fixedWindows(spool: GrowingSpool, signal: AbortSignal): AsyncGenerator<Window> {
  for (let firstSample = 0; ; firstSample += WINDOW_MAX_SAMPLES) {
    signal.throwIfAborted();
    const state = await spool.growBeyond(firstSample + WINDOW_MAX_SAMPLES - 1);
    const sampleCount = Math.min(state.sampleCount - firstSample, WINDOW_MAX_SAMPLES);
    if (sampleCount > 0) yield { stretches: [{ firstSample, sampleCount }], speech: [] };
    if (sampleCount < WINDOW_MAX_SAMPLES) return;
  }
}

function windowsOf(window: Window | undefined): Window[] {
  return window ? [window] : [];
}
