/** `ok`: works; `note`: works, and the operator may want to know; `fail`: the main job would fail. */
export interface Finding {
  state: "ok" | "note" | "fail";
  subject: string;
  text: string;
  /** What to do about it. */
  remedy?: string | undefined;
  /** More lines, for who looks closer. */
  details?: string[];
}

/** Column of the texts: after the longest subject. */
const SUBJECT_WIDTH = 10;

export function renderFinding({ state, subject, text, remedy, details = [] }: Finding): string {
  const indent = " ".repeat(6 + SUBJECT_WIDTH + 1);
  const lines = [`${state.padEnd(5)} ${subject.padEnd(SUBJECT_WIDTH)} ${text}`];
  for (const detail of details) lines.push(`${indent}${detail}`);
  if (remedy) lines.push(`${indent}→ ${remedy}`);
  return lines.join("\n");
}

const UNITS = ["B", "KiB", "MiB", "GiB", "TiB"] as const;

/** `1572864` → `1.5 MiB`. */
export function readableBytes(bytes: number): string {
  const power = Math.min(Math.floor(Math.log2(Math.max(bytes, 1)) / 10), UNITS.length - 1);
  const value = bytes / 1024 ** power;
  return `${value >= 100 || power === 0 ? Math.round(value) : value.toFixed(1)} ${UNITS[power]}`;
}
