/** A stretch of tokens between two timestamps. Times in steps of 20 ms from where the encoder began. */
export interface TokenSegment {
  startStep: number;
  endStep: number;
  tokens: number[];
}

/** The segments of one pass, and how many 10 ms frames to go on before the next one. */
export interface Segmentation {
  segments: TokenSegment[];
  advanceFrames: number;
}

export const STEP_MS = 20;
export const FRAME_MS = 10;
const FRAMES_PER_STEP = STEP_MS / FRAME_MS;
/** A model that closes its segments at once would otherwise be asked to encode the same 30 s a thousand times. */
const MIN_ADVANCE_FRAMES = 100;

/**
 * Cuts tokens where two timestamps meet: one closes a segment, the other opens the next. When the last segment is closed
 * by a single timestamp, or by none, all of the audio has been heard; when it is left open, the next pass begins at its
 * start. Source: openai/whisper `whisper/transcribe.py`.
 *
 * @param tokens of one pass, without end of text
 * @param timestampBegin the token `<|0.00|>`
 * @param heardFrames audio of this pass in 10 ms frames, at most 3000
 */
export function segmentTokens(tokens: number[], timestampBegin: number, heardFrames: number): Segmentation {
  const isTimestamp = (index: number) => (tokens[index] ?? 0) >= timestampBegin;
  const step = (index: number) => (tokens[index] as number) - timestampBegin;
  const length = tokens.length;
  const cuts: number[] = [];
  for (let i = 1; i < length; i++) if (isTimestamp(i - 1) && isTimestamp(i)) cuts.push(i);

  if (cuts.length === 0) {
    const stamps = tokens.map((_, index) => index).filter(isTimestamp);
    const first = stamps[0];
    const last = stamps.at(-1);
    const startStep = first === 0 ? step(first) : 0;
    const endStep = last !== undefined && last !== first ? step(last) : heardFrames / FRAMES_PER_STEP;
    return { segments: [{ startStep, endStep: Math.max(startStep, endStep), tokens }], advanceFrames: heardFrames };
  }

  const closedBySingle = length >= 2 && !isTimestamp(length - 2) && isTimestamp(length - 1);
  if (closedBySingle) cuts.push(length);
  const segments: TokenSegment[] = [];
  let from = 0;
  for (const cut of cuts) {
    segments.push({ startStep: step(from), endStep: step(cut - 1), tokens: tokens.slice(from, cut) });
    from = cut;
  }
  const advanceFrames = closedBySingle ? heardFrames : step(from - 1) * FRAMES_PER_STEP;
  return { segments, advanceFrames: Math.max(advanceFrames, MIN_ADVANCE_FRAMES) };
}
