/** Value below which a share of the values lies, the nearest of them; of none: not a number. @param share from 0 to 1 */
export function quantile(values: readonly number[], share: number): number {
  const sorted = [...values].sort((a, b) => a - b);
  return sorted[Math.max(0, Math.ceil(share * sorted.length) - 1)] ?? Number.NaN;
}

/** The middle value, or the mean of the two in the middle; of none: not a number. */
export function median(values: readonly number[]): number {
  const sorted = [...values].sort((a, b) => a - b);
  const half = sorted.length / 2;
  return ((sorted[Math.ceil(half) - 1] ?? Number.NaN) + (sorted[Math.floor(half)] ?? Number.NaN)) / 2;
}

/** What one contestant's value is against another's, round by round, so that what slows a round slows both. */
export interface Ratio {
  median: number;
  min: number;
  max: number;
}

/** @returns undefined when there is no round that both were measured in */
export function ratioByRound(
  values: readonly (number | undefined)[],
  others: readonly (number | undefined)[],
): Ratio | undefined {
  const ratios = values.flatMap((value, round) => {
    const other = others[round];
    return value === undefined || other === undefined ? [] : [value / other];
  });
  if (ratios.length === 0) return undefined;
  return { median: median(ratios), min: Math.min(...ratios), max: Math.max(...ratios) };
}
