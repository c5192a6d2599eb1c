import type { NativeProduct } from "./addon.js";
import type { ProbeEnd } from "./probe.js";

/**
 * Largest relative error of a product. ggml rounds the activations too: to half floats beside weights of that type, to
 * blocks of eight bits beside quantized ones. Our own are given the same bytes as the plain loops, and sums of bytes are
 * exact; attention over bf16 rounds what it is given, that over f32 does not. Wrong kernels are off by tens of percents.
 */
const MOST_ERROR: Record<string, number> = { f16: 0.005, q8_0: 0.03, q5_0: 0.03, int8: 0.001, bf16: 0.02, f32: 0.001 };
/** GPUs add up half floats, and take those below the normal ones for zero: rows of tiny weights lose a few percents. */
const MOST_ERROR_ON_GPU = 0.05;
/** Of an encoding against the plain one, through four layers of such products. */
const MOST_ENCODING_ERROR = 0.1;

/** What became of a module. */
export type Verdict =
  | { state: "passed"; wideMs: number; narrowMs: number; device?: string; encoding: number[] }
  | { state: "unsupported" }
  /** `hung`: it did not answer in time, which on a starved machine proves little. */
  | { state: "rejected"; reason: string; hung?: true }
  | { state: "untried" };

/**
 * Judges what a probe brought.
 * @param plain the encoding by the plainest kernels that passed; undefined for those themselves
 */
export function judge(end: ProbeEnd, plain: readonly number[] | undefined): Verdict {
  switch (end.kind) {
    case "failed":
      return { state: "rejected", reason: end.reason };
    case "died":
      return { state: "rejected", reason: `its process died (${end.how})` };
    case "hung":
      return { state: "rejected", reason: `it hung for ${Math.round(end.afterMs / 1000)} s`, hung: true };
    case "score":
    case "kernels":
      return { state: "rejected", reason: "it answered another question" };
  }
  const mostError = ({ weights }: NativeProduct) => (end.device ? MOST_ERROR_ON_GPU : (MOST_ERROR[weights] ?? 0));
  const wrong = end.products.find((product) => !(product.relativeError <= mostError(product)));
  if (wrong) {
    const what = `${wrong.wide ? "wide" : "narrow"} ${wrong.weights} products in ${wrong.place}`;
    return { state: "rejected", reason: `wrong results: ${what} are off by ${percent(wrong.relativeError)}` };
  }
  const error = plain ? relativeError(end.encoding, plain) : end.encoding.every(Number.isFinite) ? 0 : Number.NaN;
  if (!(error <= MOST_ENCODING_ERROR)) {
    return { state: "rejected", reason: `wrong results: an encoding is off by ${percent(error)}` };
  }
  return {
    state: "passed",
    wideMs: totalMs(end.products, true),
    narrowMs: totalMs(end.products, false),
    ...(end.device ? { device: end.device.name } : {}),
    encoding: end.encoding,
  };
}

/** Root mean square of the difference over that of the expected. */
export function relativeError(came: readonly number[], expected: readonly number[]): number {
  let error = came.length === expected.length ? 0 : Number.NaN;
  let size = 0;
  for (const [index, value] of expected.entries()) {
    error += ((came[index] ?? 0) - value) ** 2;
    size += value ** 2;
  }
  return Math.sqrt(error / size);
}

function totalMs(products: readonly NativeProduct[], wide: boolean): number {
  return products
    .filter((product) => product.used && product.wide === wide)
    .reduce((sum, { durationMs }) => sum + durationMs, 0);
}

function percent(ratio: number): string {
  return Number.isFinite(ratio) ? `${(100 * ratio).toFixed(1)} %` : "more than a number can say";
}
