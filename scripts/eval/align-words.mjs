/**
 * @typedef {{ kind: "match" | "substitution" | "deletion" | "insertion", reference?: number, hypothesis?: number }} Step
 * Indices of words; a deletion has no hypothesis, an insertion no reference.
 */

const STAY = 0;
const UP = 1;
const LEFT = 2;

/**
 * The cheapest way from reference to hypothesis by substitutions, deletions and insertions of one word each
 * (Levenshtein). Among equals a match or a substitution goes before a deletion, and that before an insertion.
 * @param {string[]} reference
 * @param {string[]} hypothesis
 * @returns {Step[]}
 */
export function alignWords(reference, hypothesis) {
  const width = hypothesis.length + 1;
  const moves = new Uint8Array((reference.length + 1) * width);
  let above = Uint32Array.from({ length: width }, (_, column) => column);
  moves.fill(LEFT, 1, width);
  for (let row = 1; row <= reference.length; row++) {
    const here = new Uint32Array(width);
    here[0] = row;
    moves[row * width] = UP;
    for (let column = 1; column < width; column++) {
      const both = at(above, column - 1) + (reference[row - 1] === hypothesis[column - 1] ? 0 : 1);
      const deleted = at(above, column) + 1;
      const inserted = at(here, column - 1) + 1;
      const least = Math.min(both, deleted, inserted);
      here[column] = least;
      moves[row * width + column] = least === both ? STAY : least === deleted ? UP : LEFT;
    }
    above = here;
  }
  return walkBack(moves, reference, hypothesis);
}

/** @param {Uint8Array} moves @param {string[]} reference @param {string[]} hypothesis */
function walkBack(moves, reference, hypothesis) {
  /** @type {Step[]} */
  const steps = [];
  let row = reference.length;
  let column = hypothesis.length;
  while (row > 0 || column > 0) {
    const move = moves[row * (hypothesis.length + 1) + column];
    if (move === STAY) {
      row--;
      column--;
      const kind = reference[row] === hypothesis[column] ? "match" : "substitution";
      steps.push({ kind, reference: row, hypothesis: column });
    } else if (move === UP) {
      row--;
      steps.push({ kind: "deletion", reference: row });
    } else {
      column--;
      steps.push({ kind: "insertion", hypothesis: column });
    }
  }
  return steps.reverse();
}

/** @param {Uint32Array} row @param {number} column */
function at(row, column) {
  return /** @type {number} */ (row[column]);
}
