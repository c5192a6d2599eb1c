/**
 * An SVG chart of `sotto bench`'s JSON: for each model how many times as fast as it plays every engine does the long recording, and
 * how many seconds of audio in a second the most clients get. `node scripts/bench/chart.mjs CHART.svg RESULT.json ...`
 */
import { readFileSync, writeFileSync } from "node:fs";
import { fileURLToPath } from "node:url";

const [ROW, BAR, LABEL_WIDTH, BAR_WIDTH, HEAD] = [24, 16, 190, 420, 30];
const WIDTH = LABEL_WIDTH + BAR_WIDTH + 90;
const [OWN, OTHER, INK] = ["#0b7a75", "#b8c4c2", "#1f2a2a"];

/**
 * @typedef {{ name: string, long?: { audioSec: number, realTimeFactor: number }, loads: { clients: number, audioSecPerSec: number }[] }} Figures
 * @typedef {{ model: { id: string }, machine: { cpu: string, cores: number }, sotto: { commit?: string }, date: string,
 *   figures: Figures[] }} BenchResult
 * @param {BenchResult[]} results
 */
export function chartOf(results) {
  const groups = results.flatMap(({ model, figures }) => groupsOf(model.id, figures));
  const largest = Math.max(1, ...groups.flatMap(({ bars }) => bars.map(({ value }) => value)));
  /** @type {string[]} */
  const parts = [];
  let y = 0;
  for (const { title, bars } of groups) {
    parts.push(text(0, y + 20, title, "font-weight='bold'"));
    y += HEAD;
    for (const { name, value, unit } of bars) {
      const width = (BAR_WIDTH * value) / largest;
      const colour = name === "sotto" ? OWN : OTHER;
      parts.push(text(LABEL_WIDTH - 8, y + 12, name, "text-anchor='end'"));
      parts.push(`<rect x='${LABEL_WIDTH}' y='${y}' width='${width.toFixed(1)}' height='${BAR}' fill='${colour}'/>`);
      parts.push(text(LABEL_WIDTH + width + 6, y + 12, `${value.toFixed(1)} ${unit}`));
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

/** @param {string} id @param {Figures[]} figures */
function groupsOf(id, figures) {
  const longs = figures.flatMap(({ name, long }) => (long ? [{ name, value: long.realTimeFactor, unit: "×" }] : []));
  const most = Math.max(0, ...figures.flatMap(({ loads }) => loads.map(({ clients }) => clients)));
  const loads = figures.flatMap(({ name, loads }) =>
    loads.filter(({ clients }) => clients === most).map((load) => ({ name, value: load.audioSecPerSec, unit: "s/s" })),
  );
  const seconds = figures[0]?.long?.audioSec ?? 0;
  return [
    { title: `${id}: ${seconds} s of sound, times as fast as it plays`, bars: longs },
    { title: `${id}: ${most} clients with clips of 11 s, seconds of audio in a second`, bars: loads },
  ].filter(({ bars }) => bars.length > 0);
}

/** @param {number} x @param {number} y @param {string} content @param {string} [attributes] */
function text(x, y, content, attributes = "") {
  const escaped = content.replaceAll("&", "&amp;").replaceAll("<", "&lt;");
  return `<text x='${x.toFixed(1)}' y='${y}' ${attributes}>${escaped}</text>`;
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  const [chart, ...files] = process.argv.slice(2);
  if (!chart || files.length === 0) throw new Error("Expected CHART.svg RESULT.json ...");
  writeFileSync(chart, chartOf(files.map((file) => JSON.parse(readFileSync(file, "utf8")))));
}
