import { NUMBER_WORDS, POWER_NAMES, SIGNS_BEFORE, UNITS_AFTER } from "./number-words.mjs";

/**
 * Spelt-out English numbers as digits: `nineteen ninety nine` and `1999` are one. Rules: openai/whisper
 * `whisper/normalizers/english.py`, class EnglishNumberNormalizer, whose table of cases the tests hold against this:
 * numbers follow speech (`five twenty four` is 524), successive digits are a name (`nine one one`), endings stay (`1950s`,
 * `31st`), currency goes before, `one` alone stays a word.
 *
 * @param {string} text lower case, words and numbers apart by spaces
 */
export function numbersAsDigits(text) {
  const words = prepare(text).split(/\s+/).filter(Boolean);
  const reader = new NumberReader(words);
  return joinCents(reader.read().join(" "));
}

const DIGITS = /^\d+(\.\d+)?$/;
const SIGNS = new Set(["-", "+", ...UNITS_AFTER.values()]);
const SPECIAL = new Set(["and", "double", "triple", "point"]);
const POWERS = POWER_NAMES.map(([name]) => name).join("|");

/** @param {string} text */
function prepare(text) {
  return text
    .replace(/(\S+)\s+and\s+a\s+half\b/g, (whole, /** @type {string} */ last) => {
      const word = NUMBER_WORDS.get(last);
      return word && word.ending === "" ? `${last} point five` : whole;
    })
    .replace(new RegExp(`\\b(?:a\\s+half\\s+|half\\s+(?:a\\s+)?)(${POWERS})\\b`, "g"), "0.5 $1")
    .replace(/([a-z])(?=\d)/g, "$1 ")
    .replace(/(\d)(?=[a-z])/g, "$1 ")
    .replace(/(\d)\s+(st|nd|rd|th|s)\b/g, "$1$2");
}

/** @param {string} text */
function joinCents(text) {
  return text
    .replace(
      /([€£$])(\d+) (?:and )?¢(\d{1,2})\b/g,
      (_, sign, whole, cents) => `${sign}${whole}.${cents.padStart(2, "0")}`,
    )
    .replace(/[€£$]0\.(\d{1,2})\b/g, (_, cents) => `¢${Number(cents)}`)
    .replace(/\b1(s?)\b/g, "one$1");
}

/** Walks over words and keeps the number that is being said. */
class NumberReader {
  /** @type {string[]} */
  #words;
  /** @type {string[]} */
  #out = [];
  /** A bigint is a count that may still grow by addition; a string is digits to which others are appended. */
  /** @type {bigint | string | undefined} */
  #value;
  #sign = "";

  /** @param {string[]} words */
  constructor(words) {
    this.#words = words;
  }

  read() {
    for (let at = 0; at < this.#words.length; at++) at += this.#take(at);
    this.#flush();
    return this.#out;
  }

  /** Takes the word at a place. @param {number} at @returns {number} how many words after it were taken with it */
  #take(at) {
    const word = /** @type {string} */ (this.#words[at]);
    const next = this.#words[at + 1];
    const sign = SIGNS.has(word.charAt(0)) ? word.charAt(0) : "";
    if (DIGITS.test(word.slice(sign.length))) {
      this.#takeDigits(word, sign);
      return 0;
    }
    const named = NUMBER_WORDS.get(word);
    if (named) {
      this.#takeNamed(named, this.#words[at - 1]);
      return 0;
    }
    const before = SIGNS_BEFORE.get(word);
    if (before !== undefined) {
      this.#flush();
      if (isNumeric(next) || isSpoken(next)) this.#sign = before;
      else this.#out.push(word);
      return 0;
    }
    const after = UNITS_AFTER.get(word);
    if (after !== undefined && this.#value !== undefined) {
      this.#sign = after;
      this.#flush();
      return 0;
    }
    if ((word === "percent" || (word === "per" && next === "cent")) && this.#value !== undefined) {
      this.#flush("%");
      return word === "per" ? 1 : 0;
    }
    if (SPECIAL.has(word) && (isNumeric(next) || isSpoken(next))) return this.#takeSpecial(word, at);
    this.#flush();
    this.#out.push(word);
    return 0;
  }

  /** @param {string} word @param {string} sign */
  #takeDigits(word, sign) {
    if (typeof this.#value === "string" && this.#value.endsWith(".")) {
      this.#value += word;
      return;
    }
    this.#flush();
    if (sign) this.#sign = sign;
    const digits = word.slice(sign.length);
    this.#value = /^\d+(\.0+)?$/.test(digits) ? BigInt(digits.split(".")[0] ?? "0") : digits;
  }

  /** @param {import("./number-words.mjs").NumberWord} named @param {string | undefined} previous */
  #takeNamed({ kind, number, ending }, previous) {
    const said = previous === undefined ? undefined : NUMBER_WORDS.get(previous);
    if (kind === "zero") this.#value = `${this.#value || ""}0`;
    else if (kind === "power") this.#multiply(number);
    else if (kind === "ten") this.#add(number, 100n);
    else if (said?.ending === "" && said.kind === "unit") this.#append(number);
    else if (said?.ending === "" && said.kind === "ten" && number < 10n && typeof this.#value === "string") {
      this.#value = this.#value.slice(0, -1) + number;
    } else this.#add(number, number < 10n ? 10n : 100n);
    if (ending !== "") this.#flush(ending);
  }

  /** Adds where the places are still empty (`twenty` and `one`), else appends (`nineteen` and `ninety`). @param {bigint} number @param {bigint} room */
  #add(number, room) {
    if (this.#value === undefined) this.#value = number;
    else if (typeof this.#value === "bigint" && this.#value % room === 0n) this.#value += number;
    else this.#append(number);
  }

  /** @param {bigint} number */
  #append(number) {
    this.#value = this.#value === undefined ? number : `${this.#value}${number}`;
  }

  /** Multiplies what was said since the last thousand. @param {bigint} power */
  #multiply(power) {
    const value = this.#value;
    if (value === undefined) {
      this.#value = power;
    } else if (typeof value === "bigint" && value !== 0n) {
      const before = (value / 1000n) * 1000n;
      this.#value = before + (value % 1000n) * power;
    } else {
      const product = timesPower(String(value), power);
      if (product === undefined) this.#flush();
      this.#value = product ?? power;
    }
  }

  /** @param {string} word @param {number} at */
  #takeSpecial(word, at) {
    const next = this.#words[at + 1] ?? "";
    if (word === "point") {
      if (isNumeric(next) || isDecimal(next)) this.#value = `${this.#value ?? ""}.`;
      return 0;
    }
    if (word === "and") {
      // "two hundred and sixty"; but "two dollars and seventy cents".
      const previous = NUMBER_WORDS.get(this.#words[at - 1] ?? "");
      if (previous?.kind === "power" && previous.ending === "") return 0;
    } else {
      const repeated = NUMBER_WORDS.get(next);
      if (repeated?.ending === "" && (repeated.kind === "unit" || repeated.kind === "zero")) {
        this.#value = `${this.#value || ""}${String(repeated.number).repeat(word === "double" ? 2 : 3)}`;
        return 1;
      }
    }
    this.#flush();
    this.#out.push(word);
    return 0;
  }

  /** Ends the number under way. */
  #flush(ending = "") {
    if (this.#value !== undefined) this.#out.push(`${this.#sign}${this.#value}${ending}`);
    if (this.#value !== undefined) this.#sign = "";
    this.#value = undefined;
  }
}

/** @param {string | undefined} word */
function isNumeric(word) {
  return word !== undefined && DIGITS.test(word);
}

/** A word that may be part of a number. @param {string | undefined} word */
function isSpoken(word) {
  if (word === undefined) return false;
  return (
    NUMBER_WORDS.has(word) ||
    SIGNS_BEFORE.has(word) ||
    UNITS_AFTER.has(word) ||
    SPECIAL.has(word) ||
    word === "per" ||
    word === "percent"
  );
}

/** What may follow a decimal point. @param {string} word */
function isDecimal(word) {
  const named = NUMBER_WORDS.get(word);
  return named !== undefined && named.ending === "" && named.kind !== "power";
}

/** `2.5` times a million; undefined when no whole number comes of it. @param {string} decimal @param {bigint} power */
function timesPower(decimal, power) {
  if (!/^\d*\.?\d*$/.test(decimal) || !/\d/.test(decimal)) return undefined;
  const [whole = "", fraction = ""] = decimal.split(".");
  const scale = 10n ** BigInt(fraction.length);
  const product = BigInt(`${whole}${fraction}` || "0") * power;
  return product % scale === 0n ? product / scale : undefined;
}
