/**
 * Whisper's normaliser for languages other than English: what is not said, or said alike, must not count as an error.
 * Rules: "Robust Speech Recognition via Large-Scale Weak Supervision" (Radford et al. 2022), appendix C, and
 * openai/whisper `whisper/normalizers/basic.py`.
 */

/** Scripts without spaces are scored by character, as in the paper. */
const WITHOUT_SPACES = new Set(["zh", "yue", "ja", "th", "lo", "my", "km"]);

/** Letters that decomposition leaves whole. */
const PLAIN_LETTERS = new Map(Object.entries({ œ: "oe", ø: "o", æ: "ae", ß: "ss", đ: "d", ð: "d", þ: "th", ł: "l" }));

/** Remarks of a transcriber: `[laughs]`, `<unk>`, `(coughs)`. */
export function withoutRemarks(/** @type {string} */ text) {
  return text.replace(/[<[][^>\]]*[>\]]/g, "").replace(/\([^)]+?\)/g, "");
}

/** Marks, symbols and punctuation become spaces; diacritics stay part of their letter. @param {string} text */
export function withoutSymbols(text) {
  return text.normalize("NFKC").replace(/[\p{M}\p{S}\p{P}]/gu, " ");
}

/**
 * The same without diacritics: `naïve` and `naive` are one word.
 * @param {string} text lower case
 * @param {string} kept characters that stay as they are
 */
export function withoutSymbolsAndDiacritics(text, kept = "") {
  const stays = new Set(kept);
  return [...text.normalize("NFKD")]
    .map((letter) => {
      if (stays.has(letter)) return letter;
      const plain = PLAIN_LETTERS.get(letter);
      if (plain !== undefined) return plain;
      if (/\p{Mn}/u.test(letter)) return "";
      return /[\p{M}\p{S}\p{P}]/u.test(letter) ? " " : letter;
    })
    .join("");
}

/**
 * @param {string} text
 * @param {string} language ISO-639-1
 */
export function normaliseBasic(text, language = "") {
  let result = withoutSymbols(withoutRemarks(text.toLowerCase())).toLowerCase();
  if (WITHOUT_SPACES.has(language)) {
    const letters = new Intl.Segmenter(language, { granularity: "grapheme" }).segment(result);
    result = [...letters].map(({ segment }) => segment).join(" ");
  }
  return result.replace(/\s+/g, " ").trim();
}
