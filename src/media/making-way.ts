/** Of a core that ffmpeg gets at a low priority beside computation of an ordinary one. Source: nice(1), sched(7); `ffmpeg-command.ts`. */
const LOW_PRIORITY_SHARE = 0.1;

/** A decoding under way. */
export interface DecodingProgress {
  tookMs: number;
  /** Of audio. */
  decodedMs: number;
  /** What is thought to be all of it. */
  totalMs: number;
}

/**
 * Whether a recording's ffmpeg may run at a low priority from now on: if it then still ends before its windows do. What a priority
 * was lowered to only root can raise again, so one that made way too early would keep its recording from its share.
 * @param windowsLeftMs the least time that its windows take
 */
export function canMakeWay({ tookMs, decodedMs, totalMs }: DecodingProgress, windowsLeftMs: number): boolean {
  // Where more came than was expected nothing is known of the end.
  if (decodedMs <= 0 || decodedMs >= totalMs) return false;
  const leftMs = (tookMs * (totalMs - decodedMs)) / decodedMs;
  return leftMs / LOW_PRIORITY_SHARE <= windowsLeftMs;
}
