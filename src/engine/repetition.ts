/** A run of tokens in which the same few come again and again. */
export interface Loop {
  /** Tokens of one round. */
  period: number;
  /** Indices in the given list: the first token of the second round, and the one after the last of all. */
  from: number;
  to: number;
}

/** A token of a text, in the order of the text. */
export interface TextToken {
  id: number;
  /** When it is said, by the timestamps around it, in milliseconds. */
  fromMs: number;
  toMs: number;
  /** Length of its text. */
  characters: number;
}

/** Fewer rounds are a way of speaking: "no, no, no". */
const LEAST_ROUNDS = 4;
/** Whisper repeats sentences, not paragraphs. */
const LONGEST_PERIOD = 40;
/** Nobody says anything shorter than this, nor more letters in a second than forty. */
const SHORTEST_ROUND_MS = 100;
const MS_PER_CHARACTER = 25;

/**
 * The rounds of a loop beyond its first: an n-gram that follows itself at least four times, and that nobody said, since
 * it comes faster than anyone speaks, or since the decoder would not have stopped. What is repeated at the pace of speech
 * is kept: people count, sing and spell.
 *
 * @param ended false: the decoder was cut off in the middle
 */
export function findLoop(tokens: readonly TextToken[], ended: boolean): Loop | undefined {
  for (let period = 1; period <= Math.min(LONGEST_PERIOD, Math.floor(tokens.length / LEAST_ROUNDS)); period++) {
    let from = 0;
    for (let at = period; at <= tokens.length; at++) {
      if (at < tokens.length && tokens[at]?.id === tokens[at - period]?.id) continue;
      const rounds = Math.floor((at - from) / period);
      const run = tokens.slice(from, at);
      const neverEnds = !ended && at === tokens.length;
      if (rounds >= LEAST_ROUNDS && (neverEnds || isTooFast(run, period, rounds))) {
        return { period, from: from + period, to: at };
      }
      from = at - period + 1;
    }
  }
  return undefined;
}

/**
 * Length of the longest stretch that repeats what was before, at whatever distance and pace: of "a b a b a b" the last
 * four. A text may compress well since it repeats itself, or since it has few words, such as digits: then this is short.
 */
export function longestEcho(ids: readonly number[]): number {
  let longest = 0;
  for (let distance = 1; distance < ids.length; distance++) {
    let run = 0;
    for (let at = distance; at < ids.length; at++) {
      run = ids[at] === ids[at - distance] ? run + 1 : 0;
      longest = Math.max(longest, run);
    }
  }
  return longest;
}

function isTooFast(run: readonly TextToken[], period: number, rounds: number): boolean {
  const takenMs = Math.max(...run.map(({ toMs }) => toMs)) - Math.min(...run.map(({ fromMs }) => fromMs));
  const letters = run.slice(0, period).reduce((sum, { characters }) => sum + characters, 0);
  return takenMs < rounds * Math.max(SHORTEST_ROUND_MS, letters * MS_PER_CHARACTER);
}

/**
 * The tokens of a pass that are text, with the times of the timestamps around them.
 * @param heardMs length of the audio of the pass
 */
export function timedTextTokens(
  tokens: readonly number[],
  vocabulary: { timestampBegin: number; isText: (id: number) => boolean; lengthOf: (id: number) => number },
  stepMs: number,
  heardMs: number,
): { index: number; token: TextToken }[] {
  const { timestampBegin, isText, lengthOf } = vocabulary;
  const found: { index: number; token: TextToken }[] = [];
  let fromMs = 0;
  let open = 0;
  for (const [index, id] of tokens.entries()) {
    if (id >= timestampBegin) {
      fromMs = (id - timestampBegin) * stepMs;
      for (const { token } of found.slice(open)) token.toMs = Math.max(token.fromMs, fromMs);
      open = found.length;
    } else if (isText(id)) {
      found.push({ index, token: { id, fromMs, toMs: Math.max(fromMs, heardMs), characters: lengthOf(id) } });
    }
  }
  return found;
}
