/** The types that the service answers in, the first being its default. All three hold the same JSON. */
const TYPES = ["application/json", "text/json", "text/plain"] as const;

/**
 * The type to answer in: of those that `Accept` allows, the one it prefers (RFC 9110, 12.5.1). What asks for none of them
 * gets the default, as it would from the service.
 */
export function negotiatedType(accept: string | undefined): string {
  const ranges = (accept ?? "").split(",").map(parseRange);
  const preference = (type: string) => {
    const matching = ranges.filter(({ range }) => matches(range, type));
    // The most specific range counts, also when it says no.
    const [closest] = matching.sort((a, b) => specificity(b.range) - specificity(a.range));
    return closest?.quality ?? 0;
  };
  const [best] = [...TYPES].sort((a, b) => preference(b) - preference(a));
  return `${best && preference(best) > 0 ? best : TYPES[0]}; charset=utf-8`;
}

function parseRange(text: string): { range: string; quality: number } {
  const [range = "", ...parameters] = text.split(";").map((part) => part.trim().toLowerCase());
  const quality = Number(parameters.find((parameter) => parameter.startsWith("q="))?.slice(2) ?? 1);
  return { range, quality: quality >= 0 && quality <= 1 ? quality : 0 };
}

function matches(range: string, type: string): boolean {
  return range === type || range === "*/*" || range === `${type.split("/", 1)[0]}/*`;
}

function specificity(range: string): number {
  return range === "*/*" ? 0 : range.endsWith("/*") ? 1 : 2;
}
