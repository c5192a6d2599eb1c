import { numbersAsDigits } from "./english-numbers.mjs";
import { americanSpelling } from "./english-spelling.mjs";
import { withoutRemarks, withoutSymbolsAndDiacritics } from "./normalise-basic.mjs";

/** Sounds that a transcript may leave out. */
const HESITATIONS = /\b(hmm|mm|mhm|mmm|uh|um)\b/g;

/** Short forms that are whole words. */
const SHORT_WORDS = new Map(
  Object.entries({
    "won't": "will not",
    "can't": "can not",
    "let's": "let us",
    "ain't": "aint",
    "y'all": "you all",
    wanna: "want to",
    gotta: "got to",
    gonna: "going to",
    "i'ma": "i am going to",
    imma: "i am going to",
    woulda: "would have",
    coulda: "could have",
    shoulda: "should have",
    "ma'am": "madam",
  }),
);

const TITLES = new Map(
  "mr:mister mrs:missus st:saint dr:doctor prof:professor capt:captain gov:governor ald:alderman gen:general sen:senator rep:representative pres:president rev:reverend hon:honorable asst:assistant assoc:associate lt:lieutenant col:colonel jr:junior sr:senior esq:esquire"
    .split(" ")
    .map((pair) => /** @type {[string, string]} */ (pair.split(":"))),
);

/** Short forms at the end of a word; those before a participle first, since `'s` and `'d` have two meanings. */
const ENDINGS = new Map(
  Object.entries({
    "'d been": " had been",
    "'s been": " has been",
    "'d gone": " had gone",
    "'s gone": " has gone",
    "'d done": " had done",
    "'s got": " has got",
    "n't": " not",
    "'re": " are",
    "'s": " is",
    "'d": " would",
    "'ll": " will",
    "'t": " not",
    "'ve": " have",
    "'m": " am",
  }),
);

/**
 * Whisper's normaliser for English: contractions spelt out, numbers as digits, American spelling, no hesitations, marks or
 * remarks. Rules: "Robust Speech Recognition via Large-Scale Weak Supervision" (Radford et al. 2022), appendix C, and
 * openai/whisper `whisper/normalizers/english.py`.
 * @param {string} text
 */
export function normaliseEnglish(text) {
  let result = withoutRemarks(text.toLowerCase()).replace(HESITATIONS, "").replace(/\s+'/g, "'");
  for (const [short, long] of SHORT_WORDS) result = result.replace(wholeWord(short), long);
  for (const [short, long] of TITLES) result = result.replace(wholeWord(short), `${long} `);
  for (const [short, long] of ENDINGS) result = result.replace(new RegExp(`${short}\\b`, "g"), long);
  result = result.replace(/(\d),(?=\d)/g, "$1").replace(/\.(?!\d)/g, " ");
  result = americanSpelling(numbersAsDigits(withoutSymbolsAndDiacritics(result, ".%$¢€£")));
  return result
    .replace(/([$¢€£])\s+(\d)/g, "$1$2")
    .replace(/(\d)\s+%/g, "$1%")
    .replace(/[.$¢€£](?!\d)/g, " ")
    .replace(/(^|[^\d])%/g, "$1 ")
    .replace(/\s+/g, " ")
    .trim();
}

/** @param {string} word */
function wholeWord(word) {
  return new RegExp(`\\b${word}\\b`, "g");
}
