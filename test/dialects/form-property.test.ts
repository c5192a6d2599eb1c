import assert from "node:assert/strict";
import { test } from "node:test";
import { SottoError } from "../../src/core/errors.js";
import { DEFAULT_REQUEST } from "../../src/core/request.js";
import { DIALECTS } from "../../src/dialects/dialects.js";
import { FIELD_NAMES, FIELDS } from "../../src/dialects/fields.js";
import { ignoredFields } from "../../src/dialects/parse-fields.js";
import { unified } from "../../src/dialects/unified/unified.js";
import { Chance } from "../support/chance.js";
import { form, HEAD } from "../support/form.js";

const CASES = 10_000;
const NAMES = FIELD_NAMES.flatMap((name) => [...FIELDS[name].names]);
const VALUES = [
  ...["", " ", "null", "true", "false", "0", "1", "-1", "0.5", "1e309", "NaN", "auto", "en", "English", "word", "json"],
  ...["verbose_json", "logprobs", "server_vad", "[", "{", "[]", "{}", '["word"]', '{"type":"server_vad"}', "[[1]]"],
  ...[
    '{"type":{}}',
    '["a",null]',
    "\u0000",
    "\ud800",
    "👩‍👩‍👧",
    "ﷺ",
    "data:,x",
    "a".repeat(70_000),
    "__proto__",
    "constructor",
  ],
];
const ENDS = ["", "[]", "[0]", "[type]", "[threshold]", "[__proto__]", "[", "]", "[a][b]"];
const ODD_NAMES = ["", "__proto__", "toString", "näme", "a b", "[]", "x\r\ny", "👋"];

function randomForm(chance: Chance): Map<string, string[]> {
  const fields = new Map<string, string[]>();
  for (let count = chance.below(8); count > 0; count--) {
    const name = `${chance.of(chance.below(5) === 0 ? ODD_NAMES : NAMES)}${chance.of(ENDS)}`;
    fields.set(name, [...(fields.get(name) ?? []), chance.of(VALUES)]);
  }
  return fields;
}

test(`of ${CASES} random forms each gives every dialect a request or a 400 that names a field`, () => {
  const chance = new Chance(20260101);
  let accepted = 0;
  for (let i = 0; i < CASES; i++) {
    const fields = randomForm(chance);
    for (const dialect of DIALECTS) {
      ignoredFields(dialect.fields, fields, { hasProviders: false });
      try {
        const request = dialect.parse(fields, "transcribe", HEAD);
        assert.deepEqual(Object.keys(request).sort(), Object.keys(DEFAULT_REQUEST).sort());
        assert.ok(request.temperature >= 0 && request.temperature <= 1);
        accepted++;
      } catch (error) {
        const shown = JSON.stringify([...fields]).slice(0, 500);
        assert.ok(error instanceof SottoError, `${dialect.name}: ${shown}: ${error}`);
        assert.equal(error.status, 400);
        assert.ok(error.param !== null && error.message.length < 1000, shown);
      }
    }
  }
  assert.ok(accepted > CASES, "many of them are right");
});

test("the order of different fields does not matter", () => {
  const chance = new Chance(7);
  const outcome = (fields: Map<string, string[]>) => {
    try {
      return unified.parse(fields, "transcribe", HEAD);
    } catch (error) {
      return (error as SottoError).message;
    }
  };
  for (let i = 0; i < 1000; i++) {
    // One encoding of each: between two of the same field the order does count.
    const fields = new Map(NAMES.filter(() => chance.below(3) === 0).map((name) => [name, [chance.of(VALUES)]]));
    fields.delete("userIdentifier");
    const turned = new Map([...fields].reverse());
    assert.deepEqual(outcome(turned), outcome(fields));
  }
});

test("a thousand unknown fields are a thousand ignored ones", () => {
  const fields = form(Object.fromEntries(Array.from({ length: 1000 }, (_, index) => [`unknown-${index}`, "x"])));
  assert.deepEqual(unified.parse(fields, "transcribe", HEAD), DEFAULT_REQUEST);
  assert.equal(ignoredFields(unified.fields, fields, { hasProviders: false }).length, 1000);
});

test("ten megabytes of brackets in a field are read about as fast as ten megabytes of letters", () => {
  const names = [
    "prompt",
    "keywords",
    "languages",
    "timestamp_granularities",
    "chunking_strategy",
    "user",
    "temperature",
  ];
  const readMs = (huge: string) => {
    const startedMs = performance.now();
    for (const name of names) {
      try {
        unified.parse(form({ [name]: huge }), "transcribe", HEAD);
      } catch (error) {
        assert.ok(error instanceof SottoError && error.message.length < 1000);
      }
    }
    return performance.now() - startedMs;
  };
  const bytes = 10_000_000;
  const texts = ["x", "[", "{", '["', '[[],"\\"', "1", '"'].map((unit) => unit.repeat(bytes / unit.length));
  const bestMs = texts.map(() => Number.POSITIVE_INFINITY);
  // Against each other in the same seconds, the best of some: other work on the machine is not the question.
  for (let round = 0; round < 2; round++) {
    for (const [index, text] of texts.entries()) bestMs[index] = Math.min(bestMs[index] as number, readMs(text));
  }
  const [lettersMs = 0, ...othersMs] = bestMs;
  const told = bestMs.map((ms) => ms.toFixed(0)).join(", ");
  assert.ok(Math.max(...othersMs) <= 8 * lettersMs, `milliseconds: ${told}`);
});

test("lists and objects in JSON are read whatever brackets and quotes stand in their texts", () => {
  const keywords = ["[[[[[[[[[[", "{{{{{{{{{{", 'a "b\\" [', "\\", '\\\\"'];
  assert.deepEqual(unified.parse(form({ keywords: JSON.stringify(keywords) }), "transcribe", HEAD).keywords, keywords);
  const deep = `${"[".repeat(9)}1${"]".repeat(9)}`;
  assert.deepEqual(unified.parse(form({ keywords: deep }), "transcribe", HEAD).keywords, [deep]);
  assert.throws(() => unified.parse(form({ keywords: "[[1]]" }), "transcribe", HEAD), SottoError);
});
