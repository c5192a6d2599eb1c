import { type Band, type Loudness, longestPause, loudest, type Pause, quietest } from "./loudness.js";

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
  const edges = cores.map(({ first, last }) => ({ first, end: last + 1 }));
  const voices = cores.map((core) => ({ full: voiceIn(loudness.full, core), sharp: voiceIn(loudness.sharp, core) }));
  for (let index = 0; index <= cores.length; index++) {
    const [before, after] = [cores[index - 1], cores[index]];
    const beside = [voices[index - 1], voices[index]].filter((voice) => voice !== undefined);
    const [full, sharp] = (["full", "sharp"] as const).map((band) =>
      Math.min(...beside.map((voice) => voice[band].level)),
    );
    const gap: Gap = {
      from: before ? before.last + 1 : 0,
      to: after ? after.first - 1 : loudness.full.levels.length - 1,
      isQuiet: (frame) =>
        (loudness.full.levels[frame] ?? 0) < (full as number) &&
        (loudness.sharp.levels[frame] ?? 0) < (sharp as number),
      drownedFrames: voices[index - 1]?.full.drownedFrames ?? 0,
    };
    if (before && after && before.latest >= after.earliest) part(edges, index, gap, loudness.full);
    else {
      if (before) endAlone(edges[index - 1] as WordEdges, { ...gap, to: Math.min(gap.to, before.latest) });
      if (after) beginAlone(edges[index] as WordEdges, { ...gap, from: Math.max(gap.from, after.earliest) });
    }
  }
  return edges;
}

/** From which level on a word is heard, and how long it goes on beneath that. */
function voiceIn(band: Band, { first, last }: WordCore): { level: number; drownedFrames: number } {
  const audible = loudest(band, first - LOUD_MARGIN_FRAMES, last + LOUD_MARGIN_FRAMES) - AUDIBLE_RANGE_DB;
  const room = band.floor + ABOVE_ROOM_DB;
  const drownedFrames = Math.round(Math.max(0, room - audible) / DECAY_DB_PER_FRAME);
  return { level: Math.max(room, audible), drownedFrames };
}

interface Gap {
  from: number;
  to: number;
  /** Whether neither of the words beside it is heard. */
  isQuiet: (frame: number) => boolean;
  /** How long the word before it goes on unheard. */
  drownedFrames: number;
}

/** One edge for two neighbours, or both edges of the pause between them. */
function part(edges: WordEdges[], index: number, gap: Gap, full: Band): void {
  const [before, after] = [edges[index - 1] as WordEdges, edges[index] as WordEdges];
  const { from, to } = gap;
  if (to < from) {
    before.end = after.first = Math.min(from, after.first);
    return;
  }
  const pause = pauseIn(gap);
  if (pause) {
    before.end = endBefore(pause, gap);
    after.first = pause.last + 1;
  } else before.end = after.first = quietest(full, from, to);
}

function endAlone(word: WordEdges, gap: Gap): void {
  const pause = pauseIn(gap);
  word.end = pause ? endBefore(pause, gap) : Math.max(word.end, gap.to + 1);
}

function beginAlone(word: WordEdges, gap: Gap): void {
  const pause = pauseIn(gap);
  word.first = pause ? pause.last + 1 : Math.min(word.first, gap.from);
}

function endBefore(pause: Pause, { drownedFrames }: Gap): number {
  return Math.min(pause.first + drownedFrames, pause.last + 1);
}

function pauseIn({ from, to, isQuiet }: Gap): Pause | undefined {
  const pause = longestPause(from, to, isQuiet);
  return pause && pause.last - pause.first + 1 >= SHORTEST_PAUSE_FRAMES ? pause : undefined;
}
