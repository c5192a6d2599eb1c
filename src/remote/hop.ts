/**
 * Says that a request has overflowed already. Two Sottos may be each other's providers: without it a request that both
 * have no room for would go to and fro. Whoever gets it serves it or refuses it, but sends it nowhere.
 */
export const OVERFLOW_HEADER = "x-sotto-overflow";
