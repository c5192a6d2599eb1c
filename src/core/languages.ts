/**
 * The languages of Whisper in the order of their tokens: token = `<|startoftranscript|>` + 1 + index.
 * Source: openai/whisper `whisper/tokenizer.py`. Models with 51,865 tokens know the first 99; `yue` came with large-v3.
 */
const TABLE = {
  en: "english",
  zh: "chinese",
  de: "german",
  es: "spanish",
  ru: "russian",
  ko: "korean",
  fr: "french",
  ja: "japanese",
  pt: "portuguese",
  tr: "turkish",
  pl: "polish",
  ca: "catalan",
  nl: "dutch",
  ar: "arabic",
  sv: "swedish",
  it: "italian",
  id: "indonesian",
  hi: "hindi",
  fi: "finnish",
  vi: "vietnamese",
  he: "hebrew",
  uk: "ukrainian",
  el: "greek",
  ms: "malay",
  cs: "czech",
  ro: "romanian",
  da: "danish",
  hu: "hungarian",
  ta: "tamil",
  no: "norwegian",
  th: "thai",
  ur: "urdu",
  hr: "croatian",
  bg: "bulgarian",
  lt: "lithuanian",
  la: "latin",
  mi: "maori",
  ml: "malayalam",
  cy: "welsh",
  sk: "slovak",
  te: "telugu",
  fa: "persian",
  lv: "latvian",
  bn: "bengali",
  sr: "serbian",
  az: "azerbaijani",
  sl: "slovenian",
  kn: "kannada",
  et: "estonian",
  mk: "macedonian",
  br: "breton",
  eu: "basque",
  is: "icelandic",
  hy: "armenian",
  ne: "nepali",
  mn: "mongolian",
  bs: "bosnian",
  kk: "kazakh",
  sq: "albanian",
  sw: "swahili",
  gl: "galician",
  mr: "marathi",
  pa: "punjabi",
  si: "sinhala",
  km: "khmer",
  sn: "shona",
  yo: "yoruba",
  so: "somali",
  af: "afrikaans",
  oc: "occitan",
  ka: "georgian",
  be: "belarusian",
  tg: "tajik",
  sd: "sindhi",
  gu: "gujarati",
  am: "amharic",
  yi: "yiddish",
  lo: "lao",
  uz: "uzbek",
  fo: "faroese",
  ht: "haitian creole",
  ps: "pashto",
  tk: "turkmen",
  nn: "nynorsk",
  mt: "maltese",
  sa: "sanskrit",
  lb: "luxembourgish",
  my: "myanmar",
  bo: "tibetan",
  tl: "tagalog",
  mg: "malagasy",
  as: "assamese",
  tt: "tatar",
  haw: "hawaiian",
  ln: "lingala",
  ha: "hausa",
  ba: "bashkir",
  jw: "javanese",
  su: "sundanese",
  yue: "cantonese",
} as const;

export type LanguageCode = keyof typeof TABLE;

export const LANGUAGE_CODES = Object.keys(TABLE) as LanguageCode[];

/** Other names that people use (openai/whisper `TO_LANGUAGE_CODE`). */
const ALIASES: Record<string, LanguageCode> = {
  burmese: "my",
  valencian: "ca",
  flemish: "nl",
  haitian: "ht",
  letzeburgesch: "lb",
  pushto: "ps",
  panjabi: "pa",
  moldavian: "ro",
  moldovan: "ro",
  sinhalese: "si",
  castilian: "es",
  mandarin: "zh",
  norsk: "no",
  nb: "no",
  iw: "he",
  jv: "jw",
  fil: "tl",
  filipino: "tl",
};

const BY_NAME = new Map<string, LanguageCode>(LANGUAGE_CODES.map((code) => [TABLE[code], code]));

/** English name of a language, lower case, as the services' `verbose_json` has it. */
export function languageName(code: LanguageCode): string {
  return TABLE[code];
}

/**
 * Reads a code (`en`), an English name (`english`) or a tag (`en-US`).
 * @returns the code, or undefined when it is none of Whisper's languages
 */
export function parseLanguage(text: string): LanguageCode | undefined {
  const name = text.trim().toLowerCase();
  const primary = name.split(/[-_]/, 1)[0] ?? "";
  for (const candidate of [name, primary]) {
    if (Object.hasOwn(TABLE, candidate)) return candidate as LanguageCode;
    const found = BY_NAME.get(candidate) ?? (Object.hasOwn(ALIASES, candidate) ? ALIASES[candidate] : undefined);
    if (found) return found;
  }
  return undefined;
}
