/**
 * What a scripted model (`scripts/bench/scripted-model.mjs`) says: a fixed text of 80 words in 30 s, in which some words
 * follow the sound. Three of them (colour, number, animal) are told by tones in the recording, one (a fruit) by the colour
 * that the model itself has said before. A window that is answered with another one's sound, cache or text is thus found out.
 */

/** Words that take turns in one place of the text. */
export const SLOT_WORDS = {
  colour: ["red", "green", "blue", "white"],
  number: ["two", "three", "four", "five"],
  animal: ["horse", "dog", "cat", "bird"],
  /** Goes with the colour, by index. */
  fruit: ["apple", "cherry", "orange", "lemon"],
} as const;

export type Slot = keyof typeof SLOT_WORDS;
/** The slots that tones tell, in the order of a code's digits. */
export const HEARD_SLOTS = ["colour", "number", "animal"] as const satisfies Slot[];
export const CHOICES = 4;
/** Codes are whole numbers from 0 to below this. */
export const CODE_COUNT = CHOICES ** HEARD_SLOTS.length;

export interface ScriptedSegment {
  endSec: number;
  /** A word, or a slot in capitals. */
  words: readonly string[];
}

const segment = (endSec: number, text: string): ScriptedSegment => ({ endSec, words: text.split(" ") });

/** One window. The text stops with the segment in which the sound does. */
export const SEGMENTS: readonly ScriptedSegment[] = [
  segment(3, "bring COLOUR rope NUMBER miles ANIMAL near FRUIT"),
  segment(7, "before noon every ANIMAL crossed that river with NUMBER heavy bags"),
  segment(11, "our COLOUR boat carried FRUIT trees along this quiet coast"),
  segment(15, "some people waited NUMBER days because another ANIMAL had gone home"),
  segment(19, "later they painted both doors COLOUR and planted FRUIT beside them"),
  segment(23, "nobody asked why NUMBER letters about his ANIMAL came so"),
  segment(27, "then winter turned hills COLOUR while fresh FRUIT leaves fell down"),
  segment(30, "only NUMBER tired ANIMAL slept by my window"),
];

/** The slot that a word of a segment stands for; undefined: the word is said as it is. */
export function slotOf(word: string): Slot | undefined {
  const name = word.toLowerCase();
  return word !== name && Object.hasOwn(SLOT_WORDS, name) ? (name as Slot) : undefined;
}

/** Which of its words each heard slot has under a code: its digits to the base of four. */
export function choicesOf(code: number): Record<(typeof HEARD_SLOTS)[number], number> {
  const digit = (place: number) => Math.floor(code / CHOICES ** place) % CHOICES;
  return { colour: digit(0), number: digit(1), animal: digit(2) };
}

/** The words of one window with that code whose sound lasts so long. */
export function scriptedWords(code: number, soundSec: number): string[] {
  const { colour, number, animal } = choicesOf(code);
  const chosen = { colour, number, animal, fruit: colour };
  const last = SEGMENTS.findIndex(({ endSec }) => endSec >= soundSec);
  return SEGMENTS.slice(0, last + 1).flatMap(({ words }) =>
    words.map((word) => {
      const slot = slotOf(word);
      return slot ? (SLOT_WORDS[slot][chosen[slot]] as string) : word;
    }),
  );
}
