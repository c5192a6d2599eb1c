import { setFlagsFromString } from "node:v8";

/**
 * Keeps V8's space for young objects as small as it is now. It would be doubled under load, up to 32 MiB, and never made
 * smaller again, while what a server makes of a request is small and recordings lie outside of it. An idle server stays some
 * 12 MiB smaller.
 */
export function keepYoungSpaceSmall(): void {
  setFlagsFromString("--semi-space-growth-factor=1");
}
