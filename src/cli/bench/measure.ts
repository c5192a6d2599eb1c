import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { type CommandContestant, type Contestant, RunningContestant, runCommand } from "./contestant.js";
import { MemoryWatch } from "./process-tree.js";
import { CLIP_SECONDS, type Recording, type RecordingSource } from "./recordings.js";

/** Of the sounds made for scripted models one of the first 66 windows, in the second recording, seems to every engine to end early. */
const LONG_INDEX = 2;

/** What is measured of every contestant in every round. */
export interface Plan {
  rounds: number;
  longSec: number;
  /** Answers one after another, for each length of clip. */
  repeats: number;
  /** How many at once, each in turn. */
  clients: readonly number[];
}

/** Length of the clips that several clients send at once. */
export const LOAD_CLIP_SEC = 11;
/** Of a load's clips: as many as two for each client, and no fewer than this. */
const LEAST_CLIPS = 4;

/** Wall times of one round. Undefined members were not measured. */
export interface Round {
  /** From the start of the program until it serves. */
  startMs?: number;
  /** The first answer of a new process, to a short clip. */
  firstAnswerMs?: number;
  longMs?: number;
  /** By length of clip in seconds. */
  clipsMs: Record<string, number[]>;
  loads: { clients: number; audioSec: number; wallMs: number; answersMs: number[] }[];
  /** Of the process and all beneath it (`process-tree.ts`). */
  peakBytes: number;
  summedPeakBytes: number;
  answers: number;
  /** Answers with other words than were said, or with none; the first of them is told. */
  wrong: number;
  firstWrong?: string;
}

/** Starts an engine, asks it everything, ends it. */
export async function measureRound(
  contestant: Contestant,
  recordings: RecordingSource,
  plan: Omit<Plan, "rounds">,
  signal: AbortSignal,
): Promise<Round> {
  const round = emptyRound();
  using memory = new MemoryWatch();
  const startedMs = performance.now();
  await using engine = await RunningContestant.start(contestant, signal, (pid) => memory.watch(pid));
  round.startMs = performance.now() - startedMs;
  const ask = (recording: Recording) =>
    timed(async () => check(round, recording, await engine.transcribe(recording.wav)));

  round.firstAnswerMs = await ask(recordings.clip(CLIP_SECONDS[0], 0));
  for (const seconds of CLIP_SECONDS) {
    const clips = Array.from({ length: plan.repeats }, (_, index) => recordings.clip(seconds, index));
    const timesMs: number[] = [];
    for (const clip of clips) timesMs.push(await ask(clip));
    round.clipsMs[seconds] = timesMs;
  }
  if (plan.longSec > 0) round.longMs = await ask(recordings.clip(plan.longSec, LONG_INDEX));
  for (const clients of plan.clients) {
    const count = Math.max(LEAST_CLIPS, 2 * clients);
    const waiting = Array.from({ length: count }, (_, index) => recordings.clip(LOAD_CLIP_SEC, index));
    const answersMs: number[] = [];
    const client = async () => {
      for (let clip = waiting.pop(); clip; clip = waiting.pop()) answersMs.push(await ask(clip));
    };
    const wallMs = await timed(() => Promise.all(Array.from({ length: clients }, client)));
    round.loads.push({ clients, audioSec: count * LOAD_CLIP_SEC, wallMs, answersMs });
  }
  noteMemory(round, memory);
  return round;
}

/** The long recording alone, start and end of the program included. */
export async function measureCommand(
  contestant: CommandContestant,
  recordings: RecordingSource,
  { longSec, folder }: { longSec: number; folder: string },
  signal: AbortSignal,
): Promise<Round> {
  const round = emptyRound();
  const recording = recordings.clip(longSec, LONG_INDEX);
  const path = join(folder, "long.wav");
  writeFileSync(path, recording.wav);
  using memory = new MemoryWatch();
  round.longMs = await timed(async () => {
    check(round, recording, await runCommand(contestant, path, signal, (pid) => memory.watch(pid)));
  });
  noteMemory(round, memory);
  return round;
}

/** Of a contestant that was not measured in this round, or not yet. */
export function emptyRound(): Round {
  return { clipsMs: {}, loads: [], peakBytes: 0, summedPeakBytes: 0, answers: 0, wrong: 0 };
}

function noteMemory(round: Round, memory: MemoryWatch): void {
  round.peakBytes = memory.peak.bytes;
  round.summedPeakBytes = memory.peak.summedBytes;
}

function check(round: Round, recording: Recording, text: string): void {
  round.answers++;
  if (isRight(recording, text)) return;
  round.wrong++;
  round.firstWrong ??= `${recording.durationSec} s: heard "${wordsOf(text).join(" ").slice(0, 200)}"`;
}

/** Whether an answer has the words that were said, in any spelling and between any marks; or any, where nobody knows them. */
export function isRight({ words }: Pick<Recording, "words">, text: string): boolean {
  const heard = wordsOf(text);
  return words ? heard.join(" ") === words.join(" ") : heard.length > 0;
}

function wordsOf(text: string): string[] {
  return text.toLowerCase().match(/[\p{L}\p{N}']+/gu) ?? [];
}

async function timed(work: () => Promise<unknown>): Promise<number> {
  const startedMs = performance.now();
  await work();
  return performance.now() - startedMs;
}
