import { type Loudness, longestPause, loudest, type Pause, quietest } from "./loudness.js";

/** A word whose middle is known: frames of 10 ms, and how far its segment lets it reach. */
export interface WordCore {
  /** First and last frame that surely belong to it. */
  first: number;
  last: number;
  /** It begins no earlier and ends no later. */
  earliest: number;
  latest: number;
}

/** Frames: `first` is the word's first, `end` the one after its last. */
export interface WordEdges {
  first: number;
  end: number;
}

/** What lies so far below a word's loudest part is not heard as part of it, nor what the room drowns. */
const AUDIBLE_RANGE_DB = 30;
const ABOVE_ROOM_DB = 6;
/** Shorter quiet is within a word: the closure of a stop. */
const SHORTEST_PAUSE_FRAMES = 3;
/** How fast a word dies away: a furnished room takes 0.3 s for 60 dB. Its last part may be drowned by the room's own noise. */
const DECAY_DB_PER_FRAME = 2;
/** Around a word's middle: its loudest part lies there. */
const LOUD_MARGIN_FRAMES = 10;

/**
 * Where words begin and end, from the sound between their middles: the longest pause there parts two words; where there
 * is none, the quietest moment does.
 *
 * @param cores in the order of time: each begins no earlier than the one before ends
 */
export function wordEdges(cores: readonly WordCore[], loudness: Loudness): WordEdges[] {
  const frames = loudness.levels.length;
  const edges = cores.map(({ first, last }) => ({ first, end: last + 1 }));
  const voices = cores.map(({ first, last }) => {
    const loud = loudest(loudness, first - LOUD_MARGIN_FRAMES, last + LOUD_MARGIN_FRAMES);
    const room = loudness.floor + ABOVE_ROOM_DB;
    const level = loud - AUDIBLE_RANGE_DB;
    const drownedFrames = Math.round(Math.max(0, room - level) / DECAY_DB_PER_FRAME);
    return { level: Math.max(room, level), drownedFrames };
  });
  for (let index = 0; index <= cores.length; index++) {
    const [before, after] = [cores[index - 1], cores[index]];
    const [voiceBefore, voiceAfter] = [voices[index - 1], voices[index]];
    const gap: Gap = {
      from: before ? before.last + 1 : 0,
      to: after ? after.first - 1 : frames - 1,
      level: Math.min(voiceBefore?.level ?? Number.POSITIVE_INFINITY, voiceAfter?.level ?? Number.POSITIVE_INFINITY),
      drownedFrames: voiceBefore?.drownedFrames ?? 0,
    };
    if (before && after && before.latest >= after.earliest) part(edges, index, gap, loudness);
    else {
      if (before) endAlone(edges[index - 1] as WordEdges, { ...gap, to: Math.min(gap.to, before.latest) }, loudness);
      if (after) beginAlone(edges[index] as WordEdges, { ...gap, from: Math.max(gap.from, after.earliest) }, loudness);
    }
  }
  return edges;
}

interface Gap {
  from: number;
  to: number;
  /** Below it is a pause. */
  level: number;
  /** How long the word before it goes on beneath that level. */
  drownedFrames: number;
}

/** One edge for two neighbours, or both edges of the pause between them. */
function part(edges: WordEdges[], index: number, gap: Gap, loudness: Loudness): void {
  const [before, after] = [edges[index - 1] as WordEdges, edges[index] as WordEdges];
  const { from, to } = gap;
  if (to < from) {
    before.end = after.first = Math.min(from, after.first);
    return;
  }
  const pause = pauseIn(gap, loudness);
  if (pause) {
    before.end = endBefore(pause, gap);
    after.first = pause.last + 1;
  } else before.end = after.first = quietest(loudness, from, to);
}

function endAlone(word: WordEdges, gap: Gap, loudness: Loudness): void {
  const pause = pauseIn(gap, loudness);
  word.end = pause ? endBefore(pause, gap) : Math.max(word.end, gap.to + 1);
}

function beginAlone(word: WordEdges, gap: Gap, loudness: Loudness): void {
  const pause = pauseIn(gap, loudness);
  word.first = pause ? pause.last + 1 : Math.min(word.first, gap.from);
}

function endBefore(pause: Pause, { drownedFrames }: Gap): number {
  return Math.min(pause.first + drownedFrames, pause.last + 1);
}

function pauseIn({ from, to, level }: Gap, loudness: Loudness): Pause | undefined {
  const pause = longestPause(loudness, from, to, level);
  return pause && pause.last - pause.first + 1 >= SHORTEST_PAUSE_FRAMES ? pause : undefined;
}
