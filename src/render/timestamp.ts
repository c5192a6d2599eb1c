/**
 * A time as subtitles have it: `01:02:03.456`, or with a comma for SRT. Hours have as many digits as they need.
 * @param ms from the start of the file, in milliseconds; below zero counts as zero
 */
export function timestamp(ms: number, separator: "." | ","): string {
  const whole = wholeMs(ms);
  const digits = (value: number, count: number) => String(value).padStart(count, "0");
  const hours = digits(Math.floor(whole / 3_600_000), 2);
  const minutes = digits(Math.floor(whole / 60_000) % 60, 2);
  const seconds = digits(Math.floor(whole / 1000) % 60, 2);
  return `${hours}:${minutes}:${seconds}${separator}${digits(whole % 1000, 3)}`;
}

/** Milliseconds as seconds with at most three decimals, for JSON. */
export function secondsOf(ms: number): number {
  return wholeMs(ms) / 1000;
}

function wholeMs(ms: number): number {
  return Math.max(0, Math.round(ms));
}
