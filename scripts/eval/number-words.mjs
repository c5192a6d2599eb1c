/** What English number words stand for. */

const UNITS =
  "one two three four five six seven eight nine ten eleven twelve thirteen fourteen fifteen sixteen seventeen eighteen nineteen";
const TENS = "twenty thirty forty fifty sixty seventy eighty ninety";
const POWERS =
  "thousand million billion trillion quadrillion quintillion sextillion septillion octillion nonillion decillion";

/**
 * @typedef {{ kind: "zero" | "unit" | "ten" | "power", number: bigint, ending: string }} NumberWord
 * `ending`: what the digits carry: `s` of a plural, `st`, `nd`, `rd` or `th` of an ordinal, or nothing
 */

/** @type {Map<string, NumberWord>} */
export const NUMBER_WORDS = new Map();

/** @param {string} word @param {NumberWord["kind"]} kind @param {bigint} number @param {string} ending */
function add(word, kind, number, ending = "") {
  NUMBER_WORDS.set(word, { kind, number, ending });
}

const IRREGULAR_ORDINALS = new Map([
  [1n, ["first", "st"]],
  [2n, ["second", "nd"]],
  [3n, ["third", "rd"]],
  [5n, ["fifth", "th"]],
  [12n, ["twelfth", "th"]],
]);

for (const word of ["zero", "oh", "o"]) add(word, "zero", 0n);
add("zeroth", "unit", 0n, "th");
for (const [index, word] of UNITS.split(" ").entries()) {
  const number = BigInt(index + 1);
  add(word, "unit", number);
  add(word === "six" ? "sixes" : `${word}s`, "unit", number, "s");
  const [ordinal, ending] = IRREGULAR_ORDINALS.get(number) ?? [word + (word.endsWith("t") ? "h" : "th"), "th"];
  add(/** @type {string} */ (ordinal), "unit", number, ending);
}
for (const [index, word] of TENS.split(" ").entries()) {
  const number = BigInt(10 * (index + 2));
  add(word, "ten", number);
  add(word.replace("y", "ies"), "ten", number, "s");
  add(word.replace("y", "ieth"), "ten", number, "th");
}
for (const [index, word] of ["hundred", ...POWERS.split(" ")].entries()) {
  const number = index === 0 ? 100n : 1000n ** BigInt(index);
  add(word, "power", number);
  add(`${word}s`, "power", number, "s");
  add(`${word}th`, "power", number, "th");
}

/** Words that stand for a sign before the number, and where they stand. */
export const SIGNS_BEFORE = new Map(Object.entries({ minus: "-", negative: "-", plus: "+", positive: "+" }));
export const UNITS_AFTER = new Map(
  Object.entries({ pound: "£", euro: "€", dollar: "$", cent: "¢" }).flatMap(([word, sign]) => [
    [word, sign],
    [`${word}s`, sign],
  ]),
);
export const POWER_NAMES = [...NUMBER_WORDS].filter(([, { kind, ending }]) => kind === "power" && ending === "");
