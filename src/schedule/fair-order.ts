/**
 * The order of turns. While a request has windows to be decoded it is owed an equal part of what its owner is owed, and all
 * owners are owed equal parts of the time that slots give: generalised processor sharing
 * (https://doi.org/10.1109/90.234856). A free slot goes to the request that is furthest behind what it is owed.
 *
 * One that needs more than one window makes way: a part of what it is owed, and its next window, do not count. So short
 * requests go before long ones and those that have just come before those that have had much; and a long one keeps all but
 * that part of its fair share, whatever comes.
 */
export interface Claim {
  readonly owner: string;
  /** Of two that are alike the lower one goes first. */
  readonly order: number;
  /** Slot time in milliseconds that it was owed, and that it has had. */
  owedMs: number;
  hadMs: number;
  /** What its next window will take. */
  readonly nextMs: number;
  /** What is left of it, that window included. */
  readonly leftMs: number;
  /** Whether it ends with its next window. */
  readonly isLast: boolean;
  /** By the clock of the turns; Infinity: none. */
  readonly deadlineMs: number;
}

/** The part of what it is owed by which a long request makes way. */
export const MAKES_WAY = 0.15;
/** A long request makes no way once its deadline is nearer than so many times what is left of it. */
const HASTE = 2;

/** How far a claim is behind, as far as it counts for its turn. */
function behindMs(claim: Claim, nowMs: number): number {
  const { owedMs, hadMs, nextMs, leftMs, isLast, deadlineMs } = claim;
  const makesWay = !isLast && deadlineMs - nowMs > HASTE * leftMs;
  return makesWay ? (1 - MAKES_WAY) * owedMs - hadMs - nextMs : owedMs - hadMs;
}

/**
 * Whose turn it is. A request that ends with this window gives its turn to another such of its owner whose deadline is
 * earlier and can be held; what the two are owed is exchanged with it, so that no other owner loses by it.
 */
export function takeTurn<C extends Claim>(waiting: Iterable<C>, nowMs: number): C | undefined {
  let first: C | undefined;
  let mostMs = Number.NEGATIVE_INFINITY;
  for (const claim of waiting) {
    const ms = behindMs(claim, nowMs);
    const isBefore = first === undefined || ms > mostMs || (ms === mostMs && comesBefore(claim, first));
    if (!isBefore) continue;
    first = claim;
    mostMs = ms;
  }
  if (!first?.isLast) return first;
  let urgent = first;
  for (const claim of waiting) {
    const canBeHeld = claim.deadlineMs < urgent.deadlineMs && claim.deadlineMs - nowMs > claim.nextMs;
    if (canBeHeld && claim.isLast && claim.owner === first.owner) urgent = claim;
  }
  [first.owedMs, urgent.owedMs] = [urgent.owedMs, first.owedMs];
  return urgent;
}

function comesBefore(a: Claim, b: Claim): boolean {
  return a.isLast === b.isLast ? a.order < b.order : a.isLast;
}

/** Shares out the time that slots gave among those that had something to be decoded meanwhile. */
export function shareOut(claims: ReadonlySet<Claim> | readonly Claim[], givenMs: number): void {
  if (givenMs <= 0) return;
  const counts = new Map<string, number>();
  for (const { owner } of claims) counts.set(owner, (counts.get(owner) ?? 0) + 1);
  for (const claim of claims) claim.owedMs += givenMs / counts.size / (counts.get(claim.owner) as number);
}
