/** Longest list: proxies refuse headers of some kilobytes. */
const MAX_CHARACTERS = 1000;

/** Names from a client made fit for a header. */
export function headerList(names: readonly string[]): string {
  const list = names.map((name) => name.replace(/[^\w.[\]-]/g, "?")).join(", ");
  return list.length > MAX_CHARACTERS ? `${list.slice(0, MAX_CHARACTERS)}...` : list;
}
