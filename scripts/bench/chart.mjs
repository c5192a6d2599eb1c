/** An SVG chart of `sotto bench`'s JSON: for each model how many times as fast as it plays every engine does the long recording. */

const [ROW, BAR, LABEL_WIDTH, BAR_WIDTH, HEAD] = [24, 16, 190, 420, 30];
const WIDTH = LABEL_WIDTH + BAR_WIDTH + 90;
const [OWN, OTHER, INK] = ["#0b7a75", "#b8c4c2", "#1f2a2a"];

/**
 * @typedef {{ model: { id: string }, machine: { cpu: string, cores: number }, sotto: { commit?: string }, date: string,
 *   figures: { name: string, long?: { audioSec: number, realTimeFactor: number } }[] }} BenchResult
 * @param {BenchResult[]} results
 */
export function chartOf(results) {
  const fastest = Math.max(
    1,
    ...results.flatMap(({ figures }) => figures.map(({ long }) => long?.realTimeFactor ?? 0)),
  );
  /** @type {string[]} */
  const parts = [];
  let y = 0;
  for (const { model, figures } of results) {
    const seconds = figures[0]?.long?.audioSec ?? 0;
    parts.push(text(0, y + 20, `${model.id}: ${seconds} s of sound, times as fast as it plays`, "font-weight='bold'"));
    y += HEAD;
    for (const { name, long } of figures) {
      if (!long) continue;
      const width = (BAR_WIDTH * long.realTimeFactor) / fastest;
      const colour = name === "sotto" ? OWN : OTHER;
      parts.push(text(LABEL_WIDTH - 8, y + 12, name, "text-anchor='end'"));
      parts.push(`<rect x='${LABEL_WIDTH}' y='${y}' width='${width.toFixed(1)}' height='${BAR}' fill='${colour}'/>`);
      parts.push(text(LABEL_WIDTH + width + 6, y + 12, `${long.realTimeFactor.toFixed(1)} ×`));
      y += ROW;
    }
    y += 10;
  }
  const first = results[0];
  const origin =
    first &&
    `${first.machine.cpu}, ${first.machine.cores} cores; ${first.sotto.commit ?? ""} ${first.date.slice(0, 10)}`;
  parts.push(text(0, y + 14, origin ?? "", "font-size='11'"));
  return [
    `<svg xmlns='http://www.w3.org/2000/svg' viewBox='-10 -5 ${WIDTH} ${y + 30}' font-family='sans-serif' font-size='13' fill='${INK}'>`,
    `<rect x='-10' y='-5' width='${WIDTH}' height='${y + 30}' fill='#ffffff'/>`,
    ...parts,
    "</svg>",
    "",
  ].join("\n");
}

/** @param {number} x @param {number} y @param {string} content @param {string} [attributes] */
function text(x, y, content, attributes = "") {
  const escaped = content.replaceAll("&", "&amp;").replaceAll("<", "&lt;");
  return `<text x='${x.toFixed(1)}' y='${y}' ${attributes}>${escaped}</text>`;
}
