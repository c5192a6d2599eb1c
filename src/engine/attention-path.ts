/** Where a token is heard, in positions of 20 ms from where the encoder began. */
export interface TokenPlace {
  first: number;
  last: number;
  /** Where the decoder looks hardest, within the two. */
  peak: number;
}

/** Rows of a matrix, one to each token, whose columns are the encoder's positions. */
export interface Attention {
  rows: Float32Array;
  positions: number;
}

/**
 * The monotone path of greatest attention through some rows of a matrix: dynamic time warping, as openai/whisper
 * `whisper/timing.py` does it with negated weights as cost (`find_alignment`, `dtw_cpu`). Every row gets one position or
 * more, none goes back, and two neighbours share one at most.
 *
 * @param rows which rows, in their order
 * @param from first position, `to` the one after the last
 */
export function attentionPath(attention: Attention, rows: readonly number[], from: number, to: number): TokenPlace[] {
  const width = to - from;
  if (rows.length === 0 || width < 1) return rows.map(() => ({ first: from, last: from, peak: from }));
  const weight = (row: number, column: number) =>
    attention.rows[(rows[row] as number) * attention.positions + from + column] as number;
  const moves = bestMoves(rows.length, width, weight);

  const places: TokenPlace[] = rows.map(() => ({ first: 0, last: -1, peak: 0 }));
  let row = rows.length - 1;
  let column = width - 1;
  while (row >= 0 && column >= 0) {
    const place = places[row] as TokenPlace;
    if (place.last < 0) place.last = place.peak = column;
    place.first = column;
    // Of equals the earlier.
    if (weight(row, column) >= weight(row, place.peak)) place.peak = column;
    const move = moves[row * width + column];
    if (move !== SAME_TOKEN) row--;
    if (move !== SAME_POSITION) column--;
  }
  return places.map(({ first, last, peak }) => ({ first: first + from, last: last + from, peak: peak + from }));
}

const BOTH = 0;
const SAME_POSITION = 1;
const SAME_TOKEN = 2;

/** How each cell is best reached: from the row above, from the column before, or from both at once. */
function bestMoves(height: number, width: number, weight: (row: number, column: number) => number): Uint8Array {
  const moves = new Uint8Array(height * width);
  let above = new Float64Array(width).fill(Number.POSITIVE_INFINITY);
  for (let row = 0; row < height; row++) {
    const here = new Float64Array(width);
    for (let column = 0; column < width; column++) {
      const isOrigin = row === 0 && column === 0;
      const diagonal = column > 0 ? (above[column - 1] as number) : Number.POSITIVE_INFINITY;
      const vertical = above[column] as number;
      const horizontal = column > 0 ? (here[column - 1] as number) : Number.POSITIVE_INFINITY;
      const least = isOrigin ? 0 : Math.min(diagonal, vertical, horizontal);
      moves[row * width + column] = least === horizontal ? SAME_TOKEN : least === vertical ? SAME_POSITION : BOTH;
      here[column] = least - weight(row, column);
    }
    above = here;
  }
  return moves;
}
