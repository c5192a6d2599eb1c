import assert from "node:assert/strict";
import { test } from "node:test";
import { evalModule } from "./modules.js";

const { normaliseEnglish } = await evalModule<{ normaliseEnglish(text: string): string }>("normalise-english");
const { normaliseBasic } = await evalModule<{ normaliseBasic(text: string, language?: string): string }>(
  "normalise-basic",
);
const { americanSpelling } = await evalModule<{ americanSpelling(text: string): string }>("english-spelling");

/** Cases of openai/whisper `tests/test_normalizer.py`, and of the rules that it does not try. */
const NUMBERS: Record<string, string> = {
  two: "2",
  "thirty one": "31",
  "five twenty four": "524",
  "nineteen ninety nine": "1999",
  "twenty nineteen": "2019",
  "two point five million": "2500000",
  "four point two billions": "4200000000s",
  "200 thousand": "200000",
  "200 thousand dollars": "$200000",
  "$20 million": "$20000000",
  "€52.4 million": "€52400000",
  "£77 thousands": "£77000s",
  "two double o eight": "2008",
  "three thousand twenty nine": "3029",
  "forty three thousand two hundred sixty": "43260",
  "forty three thousand two hundred and sixty": "43260",
  "nineteen fifties": "1950s",
  "thirty first": "31st",
  "thirty three thousand and three hundred and thirty third": "33333rd",
  "three billion": "3000000000",
  millions: "1000000s",
  "july third twenty twenty": "july 3rd 2020",
  "august twenty sixth twenty twenty one": "august 26th 2021",
  "3 14": "3 14",
  "3.14": "3.14",
  "3 point 2": "3.2",
  "3 point 14": "3.14",
  "fourteen point 4": "14.4",
  "two point two five dollars": "$2.25",
  "two hundred million dollars": "$200000000",
  "$20.1 million": "$20100000",
  "ninety percent": "90%",
  "seventy six per cent": "76%",
  "double oh seven": "007",
  "double zero seven": "007",
  "nine one one": "911",
  "nine double one": "911",
  "one triple oh one": "10001",
  "two thousandth": "2000th",
  "thirty two thousandth": "32000th",
  "minus 500": "-500",
  "positive twenty thousand": "+20000",
  "two dollars and seventy cents": "$2.70",
  "3 cents": "¢3",
  "$0.36": "¢36",
  "three euros and sixty five cents": "€3.65",
  "three and a half million": "3500000",
  "forty eight and a half dollars": "$48.5",
  b747: "b 747",
  "10 th": "10th",
  "10th": "10th",
  "half a million": "500000",
  "one apple and two pears": "one apple and 2 pears",
  "ones and zeros": "ones and zeros",
  "the point is double trouble": "the point is double trouble",
  "1,234,567 people": "1234567 people",
};

const TEXTS: Record<string, string> = {
  "Let's": "let us",
  "he's like": "he is like",
  "she's been like": "she has been like",
  "10km": "10 km",
  "10mm": "10 mm",
  RC232: "rc 232",
  "Mr. Park visited Assoc. Prof. Kim Jr.": "mister park visited associate professor kim junior",
  "I won't, you can't, they'd gone; we'd go.": "i will not you can not they had gone we would go",
  "Um, [laughs] well (coughs) it's, uh, fine!": "well it is fine",
  "The naïve café — Ærøskøbing": "the naive cafe aeroskobing",
  "50% of $ 5": "50% of $5",
  "  ": "",
};

for (const [given, expected] of Object.entries(NUMBERS)) {
  test(`English: "${given}" counts as "${expected}"`, () => {
    // A minus and a plus are marks to the normaliser of whole texts, as in the original.
    assert.equal(normaliseEnglish(given), expected);
  });
}
for (const [given, expected] of Object.entries(TEXTS)) {
  test(`English: "${given}" counts as "${expected}"`, () => assert.equal(normaliseEnglish(given), expected));
}

test("British spelling counts as American, and words that only look like it stay", () => {
  const british =
    "mobilisation cancelation colour colourful honourable organised realising centre centres travelled travelling grey cheque programme encyclopaedia manoeuvre defence jewellery";
  const american =
    "mobilization cancellation color colorful honorable organized realizing center centers traveled traveling gray check program encyclopedia maneuver defense jewelry";
  assert.equal(americanSpelling(british), american);
  const same =
    "four hour our promise advise exercise surprise wise otherwise are there here where more sphere hello filled";
  assert.equal(americanSpelling(same), same);
});

test("other languages: marks go, letters and their accents stay, and scripts without spaces are split into letters", () => {
  assert.equal(normaliseBasic("¿Qué tal, señor? — «Bien» [risas] (tos)"), "qué tal señor bien");
  assert.equal(normaliseBasic("Straße, Ärger: ½ fertig!"), "straße ärger 1 2 fertig");
  assert.equal(normaliseBasic("你好，世界。", "zh"), "你 好 世 界");
  assert.equal(normaliseBasic("two  words", "en"), "two words");
});
