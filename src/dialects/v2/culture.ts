import type { RequestHead } from "../dialect.js";
import { wrongValue } from "../field-value.js";

/** Languages that messages come in; the audio's is another matter. */
export const CULTURES = ["en", "es"] as const;
export type Culture = (typeof CULTURES)[number];

/** @throws SottoError `invalid_value` for a culture that is not there */
export function cultureOf({ query }: RequestHead): Culture {
  const text = [query.culture].flat().at(-1);
  if (text === undefined || text === "") return "en";
  const culture = CULTURES.find((known) => known === text.toLowerCase());
  if (!culture) throw wrongValue("culture", `one of ${CULTURES.join(", ")}`, text);
  return culture;
}

/** For errors, which have to be said in some language: English where the named one is not there. */
export function cultureOrEnglish(head: RequestHead): Culture {
  try {
    return cultureOf(head);
  } catch {
    return "en";
  }
}
