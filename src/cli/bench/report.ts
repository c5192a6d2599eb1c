import { alignColumns } from "../columns.js";
import { readableBytes } from "../doctor/finding.js";
import { median, quantile, type Ratio, ratioByRound } from "./figures.js";
import type { Plan, Round } from "./measure.js";
import { CLIP_SECONDS } from "./recordings.js";

export interface Measured {
  name: string;
  versions: Readonly<Record<string, string>>;
  rounds: Round[];
}

export interface LoadFigures {
  clients: number;
  audioSecPerSec: number;
  p50Ms: number;
  p95Ms: number;
}

/** Medians over the rounds; percentiles are of the answers of all rounds together. */
export interface Figures {
  name: string;
  versions: Readonly<Record<string, string>>;
  startMs?: number;
  firstAnswerMs?: number;
  long?: { audioSec: number; wallMs: number; realTimeFactor: number; allMs: number[] };
  clips: { audioSec: number; p50Ms: number; p95Ms: number; answers: number }[];
  loads: LoadFigures[];
  peakBytes: number;
  summedPeakBytes: number;
  answers: number;
  wrongAnswers: number;
  firstWrong?: string;
}

/** How many times as fast Sotto is as a rival, in one measure; above one: faster. */
export interface Comparison extends Ratio {
  rival: string;
  measure: string;
}

export function figuresOf({ name, versions, rounds }: Measured, plan: Plan): Figures {
  const longsMs = rounds.flatMap(({ longMs }) => longMs ?? []);
  const longMs = median(longsMs);
  const first = rounds.find(({ loads }) => loads.length > 0);
  const figures: Figures = {
    name,
    versions,
    clips: CLIP_SECONDS.flatMap((audioSec) => {
      const answersMs = rounds.flatMap(({ clipsMs }) => clipsMs[audioSec] ?? []);
      if (answersMs.length === 0) return [];
      const [p50Ms, p95Ms] = [rounded(quantile(answersMs, 0.5)), rounded(quantile(answersMs, 0.95))];
      return [{ audioSec, p50Ms, p95Ms, answers: answersMs.length }];
    }),
    loads: (first?.loads ?? []).map(({ clients }, index) => {
      const loads = rounds.flatMap((round) => round.loads[index] ?? []);
      const answersMs = loads.flatMap((load) => load.answersMs);
      return {
        clients,
        audioSecPerSec: rounded(median(loads.map(({ audioSec, wallMs }) => (1000 * audioSec) / wallMs))),
        p50Ms: rounded(quantile(answersMs, 0.5)),
        p95Ms: rounded(quantile(answersMs, 0.95)),
      };
    }),
    peakBytes: Math.max(0, ...rounds.map(({ peakBytes }) => peakBytes)),
    summedPeakBytes: Math.max(0, ...rounds.map(({ summedPeakBytes }) => summedPeakBytes)),
    answers: rounds.reduce((sum, { answers }) => sum + answers, 0),
    wrongAnswers: rounds.reduce((sum, { wrong }) => sum + wrong, 0),
  };
  const starts = rounds.flatMap(({ startMs }) => startMs ?? []);
  const firsts = rounds.flatMap(({ firstAnswerMs }) => firstAnswerMs ?? []);
  const firstWrong = rounds.find((round) => round.firstWrong)?.firstWrong;
  if (starts.length > 0) figures.startMs = rounded(median(starts));
  if (firsts.length > 0) figures.firstAnswerMs = rounded(median(firsts));
  if (longsMs.length > 0) {
    const realTimeFactor = rounded((1000 * plan.longSec) / longMs);
    figures.long = { audioSec: plan.longSec, wallMs: rounded(longMs), realTimeFactor, allMs: longsMs.map(rounded) };
  }
  if (firstWrong) figures.firstWrong = firstWrong;
  return figures;
}

/** Every rival's times over Sotto's, round by round. */
export function compare(own: Measured, rival: Measured): Comparison[] {
  const compared = (measure: string, timeOf: (round: Round) => number | undefined): Comparison[] => {
    const ratio = ratioByRound(rival.rounds.map(timeOf), own.rounds.map(timeOf));
    if (!ratio) return [];
    const { median: middle, min, max } = ratio;
    return [{ rival: rival.name, measure, median: rounded(middle), min: rounded(min), max: rounded(max) }];
  };
  const p95 = (clients: number) => (round: Round) => {
    const load = round.loads.find((other) => other.clients === clients);
    return load && quantile(load.answersMs, 0.95);
  };
  return [
    ...compared("long recording", ({ longMs }) => longMs),
    ...CLIP_SECONDS.flatMap((seconds) =>
      compared(`${seconds} s clip`, ({ clipsMs }) => clipsMs[seconds] && median(clipsMs[seconds])),
    ),
    ...(own.rounds[0]?.loads ?? []).flatMap(({ clients }, index) => [
      ...compared(`throughput, clients: ${clients}`, ({ loads }) => loads[index]?.wallMs),
      ...compared(`p95 latency, clients: ${clients}`, p95(clients)),
    ]),
    ...compared("start", ({ startMs }) => startMs),
    ...compared("memory", ({ peakBytes }) => peakBytes || undefined),
  ];
}

/** A row for each measure, a column for each contestant. */
export function benchTable(all: readonly Figures[]): string {
  const first = all[0];
  if (!first) return "";
  const row = (label: string, cell: (figures: Figures) => string | undefined) => [
    label,
    ...all.map((figures) => cell(figures) ?? "–"),
  ];
  const ms = (value: number) => (value < 10_000 ? `${Math.round(value)} ms` : `${(value / 1000).toFixed(1)} s`);
  const bytes = (value: number) => (value > 0 ? readableBytes(value) : undefined);
  const started = (value: number | undefined) => (value === undefined ? undefined : ms(value));
  const rows = [
    ["", ...all.map(({ name }) => name)],
    row(`${first.long?.audioSec ?? 0} s recording`, ({ long }) => long && ms(long.wallMs)),
    row("  times as fast as it plays", ({ long }) => long?.realTimeFactor.toFixed(1)),
    ...CLIP_SECONDS.map((seconds) =>
      row(`${seconds} s clip, p50 / p95`, ({ clips }) => {
        const clip = clips.find(({ audioSec }) => audioSec === seconds);
        return clip && `${ms(clip.p50Ms)} / ${ms(clip.p95Ms)}`;
      }),
    ),
    ...first.loads.flatMap(({ clients }, index) => [
      row(`${clients} client${clients === 1 ? "" : "s"}, audio s in a s`, ({ loads }) =>
        loads[index]?.audioSecPerSec.toFixed(1),
      ),
      row("  p50 / p95", ({ loads }) => loads[index] && `${ms(loads[index].p50Ms)} / ${ms(loads[index].p95Ms)}`),
    ]),
    row("start", ({ startMs }) => started(startMs)),
    row("first answer", ({ firstAnswerMs }) => started(firstAnswerMs)),
    row("memory, peak", ({ peakBytes }) => bytes(peakBytes)),
    row("  shared pages in each", ({ summedPeakBytes }) => bytes(summedPeakBytes)),
    row("wrong answers", ({ answers, wrongAnswers }) => `${wrongAnswers} of ${answers}`),
  ];
  return alignColumns(rows);
}

/** `faster-whisper batch 8: long recording 1.21 × (1.18 to 1.25)`, a line for each. */
export function comparisonLines(comparisons: readonly Comparison[]): string {
  const rows = comparisons.map(({ rival, measure, median: middle, min, max }) => [
    rival,
    measure,
    `${middle.toFixed(2)} ×`,
    `${min.toFixed(2)} to ${max.toFixed(2)}`,
  ]);
  return rows.length === 0 ? "" : alignColumns([["rival's time over Sotto's", "", "median", "rounds"], ...rows]);
}

/** What goes to standard output: table and a line of JSON; without that line where a file takes it; or that line alone. */
export function standardOutput(
  parts: readonly string[],
  json: string,
  { json: isJsonAlone, hasFile }: { json: boolean; hasFile: boolean },
): string {
  if (isJsonAlone) return `${json}\n`;
  const table = `${parts.filter(Boolean).join("\n\n")}\n`;
  return hasFile ? table : `${table}\n${json}\n`;
}

function rounded(value: number): number {
  return Math.round(value * 1000) / 1000;
}
