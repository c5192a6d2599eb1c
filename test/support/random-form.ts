import { FIELD_NAMES, FIELDS } from "../../src/dialects/fields.js";
import { ROUTES } from "../../src/http/routes.js";
import type { Chance } from "./chance.js";

const BOUNDARY = "sotto-boundary";
const CRLF = "\r\n";
const PATHS = ROUTES.filter(({ answers }) => answers === "transcription").map(({ path }) => path);
const NAMES = FIELD_NAMES.flatMap((name) => [...FIELDS[name].names]).filter((name) => name !== "timeout_ms");
const ODD = ["__proto__", "", "a\u0000b", "näme", "👋", "constructor[x]", "x".repeat(300)];
const VALUES = [
  "",
  "x",
  "null",
  "1",
  "true",
  "en",
  '["a"]',
  "[",
  "{}",
  "👩‍👩‍👧",
  "\u0000",
  "word",
  "https://127.0.0.1/x",
];
const ENDS = ["", "[]", "[0]", "[type]", "[", "]"];

/** A request as no client would send it: to any route that transcribes, and now and then not what it says it is. */
export function randomFormRequest(chance: Chance, clip: Buffer): { path: string; init: RequestInit } {
  const path = chance.of(PATHS);
  const type = chance.below(20) === 0 ? "multipart/form-data" : `multipart/form-data; boundary=${BOUNDARY}`;
  return { path, init: { method: "POST", headers: { "content-type": type }, body: randomBody(chance, clip) } };
}

function randomBody(chance: Chance, clip: Buffer): Buffer {
  const field = (name: string, value: string | Buffer, extra = "") =>
    Buffer.concat([
      Buffer.from(`--${BOUNDARY}${CRLF}Content-Disposition: form-data; name="${name}"${extra}${CRLF}${CRLF}`),
      Buffer.from(value),
      Buffer.from(CRLF),
    ]);
  const parts = Array.from({ length: chance.below(6) }, () =>
    field(`${chance.of(chance.below(4) === 0 ? ODD : NAMES)}${chance.of(ENDS)}`, chance.of(VALUES)),
  );
  for (let files = chance.below(3); files > 0; files--) {
    const content = chance.of([clip, Buffer.alloc(0), Buffer.from("no sound")]);
    parts.splice(chance.below(parts.length + 1), 0, field("file", content, '; filename="a.wav"'));
  }
  const whole = Buffer.concat([...parts, Buffer.from(`--${BOUNDARY}--${CRLF}`)]);
  switch (chance.below(8)) {
    case 0:
      return whole.subarray(0, chance.below(whole.length + 1));
    case 1: {
      const harmed = Buffer.from(whole);
      for (let count = 0; count < 5; count++) harmed[chance.below(harmed.length)] = chance.below(256);
      return harmed;
    }
    default:
      return whole;
  }
}
