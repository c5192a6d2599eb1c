import type { Preference } from "../core/request.js";

/** What providers are compared by. */
interface Merits {
  /** Real-time factor, larger is faster. */
  speed: number | undefined;
  pricePerMinute: number | undefined;
}

/**
 * Puts providers into the order in which they are asked.
 *
 * - `speed`: the fastest first; of equals the cheaper.
 * - `cost`: the cheapest first; of equals the faster.
 * - `balanced`: by the sum of the places that each has in these two orders, equals sharing a place; of equal sums the cheaper
 *   first. Places, unlike the figures themselves, need no exchange rate between seconds and money.
 *
 * A speed or a price that the operator has not given comes after all that are. What is equal in all stays in the operator's
 * order.
 */
export function inOrderOf<T>(preference: Preference, items: readonly T[], meritsOf: (item: T) => Merits): T[] {
  const slowness = (item: T) => -(meritsOf(item).speed ?? Number.NEGATIVE_INFINITY);
  const price = (item: T) => meritsOf(item).pricePerMinute ?? Number.POSITIVE_INFINITY;
  const placesSum = (item: T) => placeOf(item, items, slowness) + placeOf(item, items, price);
  const orders: Record<Preference, ((item: T) => number)[]> = {
    speed: [slowness, price],
    cost: [price, slowness],
    balanced: [placesSum, price, slowness],
  };
  const byAll = (a: T, b: T) => {
    for (const of of orders[preference]) {
      // Not by their difference: that of two infinities is no number.
      if (of(a) !== of(b)) return of(a) < of(b) ? -1 : 1;
    }
    return 0;
  };
  return [...items].sort(byAll);
}

/** How many come before it. */
function placeOf<T>(item: T, items: readonly T[], of: (item: T) => number): number {
  return items.filter((other) => of(other) < of(item)).length;
}
