import assert from "node:assert/strict";
import { join } from "node:path";
import { test } from "node:test";
import { pathToFileURL } from "node:url";
import { packageRoot } from "../../src/core/package-root.js";

interface Result {
  model: { id: string };
  machine: { cpu: string; cores: number };
  sotto: { commit: string };
  date: string;
  figures: {
    name: string;
    long?: { audioSec: number; realTimeFactor: number };
    loads: { clients: number; audioSecPerSec: number }[];
  }[];
}
const { chartOf } = (await import(pathToFileURL(join(packageRoot(), "scripts/bench/chart.mjs")).href)) as {
  chartOf: (results: Result[]) => string;
};

test("a chart has a bar for each engine that did the long recording or served the most clients, as long as it is fast", () => {
  const long = (realTimeFactor: number) => ({ audioSec: 330, realTimeFactor });
  const loads = (audioSecPerSec: number) => [
    { clients: 1, audioSecPerSec: 1 },
    { clients: 16, audioSecPerSec },
  ];
  const chart = chartOf([
    {
      model: { id: "tiny-scripted-q8_0" },
      machine: { cpu: "A & B <C>", cores: 2 },
      sotto: { commit: "abc1234" },
      date: "2026-01-02T03:04:05Z",
      figures: [
        { name: "sotto", long: long(80), loads: loads(60) },
        { name: "other", long: long(20), loads: loads(30) },
        { name: "absent", loads: [] },
      ],
    },
  ]);
  const widths = [...chart.matchAll(/<rect x='190'.*? width='([\d.]+)'/g)].map(([, width]) => Number(width));
  const longest = widths[0] as number;
  assert.deepEqual(
    widths.map((width) => width / longest),
    [1, 1 / 4, 3 / 4, 3 / 8],
  );
  for (const text of ["80.0 ×", "20.0 ×", "30.0 s/s", "330 s of sound", "16 clients", "abc1234 2026-01-02"])
    assert.ok(chart.includes(text));
  assert.ok(chart.includes("A &amp; B &lt;C>"), "text is no markup");
  assert.doesNotMatch(chart, /absent|NaN|undefined/);
});
