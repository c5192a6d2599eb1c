import type { ProviderSettings } from "../core/provider-settings.js";

/** What is known of a recording before it is heard. */
interface Recording {
  upload: { bytes: number };
  durationMs: number | undefined;
}

/** 32 kbit/s, as speech is kept at; uncompressed sound seems longer by it, and so errs on the safe side. */
const ASSUMED_BYTES_PER_SEC = 4000;
const MS_PER_MINUTE = 60_000;

/** The recording's length in milliseconds: known, or guessed by its size. */
export function estimatedMs({ upload, durationMs }: Recording): number {
  return durationMs ?? (upload.bytes / ASSUMED_BYTES_PER_SEC) * 1000;
}

/** How long a provider may be expected to work on it, in milliseconds. */
export function expectedWorkMs(recording: Recording, { speed = 1 }: Pick<ProviderSettings, "speed">): number {
  return estimatedMs(recording) / speed;
}

/** In US dollars; without a price nothing is counted. */
export function priceOf(durationMs: number, { pricePerMinute = 0 }: Pick<ProviderSettings, "pricePerMinute">): number {
  return (durationMs / MS_PER_MINUTE) * pricePerMinute;
}
