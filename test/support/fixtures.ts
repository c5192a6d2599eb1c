import { readFileSync } from "node:fs";
import { join } from "node:path";
import type { LanguageCode } from "../../src/core/languages.js";
import { packageRoot } from "../../src/core/package-root.js";

/** A recording under test/fixtures, made from synthetic voices that the model was not trained on. */
export interface Fixture {
  file: string;
  path: string;
  /** The code of the language spoken. */
  language: LanguageCode;
  text: string;
  /** What it is in English; missing where it is English. */
  translation?: string;
  durationSec: number;
  utterances: { startSec: number; endSec: number; text: string }[];
}

const FOLDER = join(packageRoot(), "test", "fixtures");

export const FIXTURES: readonly Fixture[] = (
  JSON.parse(readFileSync(join(FOLDER, "fixtures.json"), "utf8")) as Omit<Fixture, "path">[]
).map((fixture) => ({ ...fixture, path: join(FOLDER, fixture.file) }));

/** The first fixture that is at least and at most so long. */
export function fixtureOf(minimumSec: number, maximumSec: number, language = "en"): Fixture {
  const found = FIXTURES.find(
    (fixture) =>
      fixture.language === language && fixture.durationSec >= minimumSec && fixture.durationSec <= maximumSec,
  );
  if (!found) throw new Error(`no fixture of ${minimumSec} to ${maximumSec} s in '${language}'`);
  return found;
}
