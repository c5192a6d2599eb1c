import { wavOf as fileOf } from "../../dist/cli/bench/wav.js";

/** A RIFF file of 16-bit mono PCM. @param {Float32Array[]} pieces samples in -1..1 @param {number} rateHz */
export function wavOf(pieces, rateHz) {
  const samples = pieces.flatMap((piece) =>
    Array.from(piece, (sample) => Math.max(-32_768, Math.min(32_767, Math.round(sample * 32_767)))),
  );
  return fileOf(Int16Array.from(samples), rateHz);
}
