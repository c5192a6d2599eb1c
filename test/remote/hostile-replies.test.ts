import assert from "node:assert/strict";
import { test } from "node:test";
import { PROVIDER_DIALECTS } from "../../src/core/provider-settings.js";
import { DEFAULT_REQUEST, RESPONSE_FORMATS } from "../../src/core/request.js";
import { assembleTranscript } from "../../src/remote/assemble.js";
import { ProviderFailure } from "../../src/remote/provider-failure.js";
import { WIRES } from "../../src/remote/wires/wires.js";
import { RENDERERS } from "../../src/render/renderers.js";
import { STAMP } from "../render/sample-transcript.js";
import { Chance } from "../support/chance.js";
import { SERVICES } from "./services.js";

const ROUNDS = 2000;
const KNOWN = { provider: "one", model: "theirs", durationMs: undefined, elapsedMs: 1 };
const REQUEST = { ...DEFAULT_REQUEST, granularities: ["word" as const] };
/** What may stand in the place of any value. */
const STRANGERS = [null, true, -1, 0, 1e308, 9e15, "", "x", "٣", "\u0000", [], [null], {}, { a: 1 }, [[]], "1e999"];

/** A reply of a service, with some of its values replaced, left out or doubled. */
function mutated(value: unknown, chance: Chance): unknown {
  if (chance.below(40) === 0) return chance.of(STRANGERS);
  if (Array.isArray(value))
    return value.flatMap((item) => Array(chance.below(8) === 0 ? 2 : 1).fill(mutated(item, chance)));
  if (typeof value !== "object" || value === null) return value;
  const members = Object.entries(value).filter(() => chance.below(60) > 0);
  return Object.fromEntries(members.map(([name, member]) => [name, mutated(member, chance)]));
}

for (const dialect of PROVIDER_DIALECTS) {
  test(`${dialect}: whatever a reply holds, it is a transcript that can be rendered, or garbage`, () => {
    const chance = new Chance(dialect.length);
    const wire = WIRES[dialect];
    const written = wire.write(REQUEST, "theirs");
    const received = {
      path: `POST ${dialect === "v2" ? "" : "/v1"}${written.path}`,
      headers: {},
      fields: written.fields.map(([name, value]): [string, string] => [name, value]),
      file: { name: "audio.wav", bytes: Buffer.from("x") },
    };
    const { status, body } = SERVICES[dialect].answer(received, "Hello world. Good bye.");
    assert.equal(status, 200, body);
    const seen = { transcripts: 0, garbage: 0 };
    for (let round = 0; round < ROUNDS; round++) {
      const text = JSON.stringify(mutated(JSON.parse(body), chance));
      const cut = chance.below(10) === 0 ? text.slice(0, chance.below(text.length)) : text;
      try {
        const transcript = assembleTranscript(wire.read(cut), REQUEST, KNOWN);
        for (const format of RESPONSE_FORMATS) {
          const { body: rendered } = RENDERERS[format](transcript, STAMP);
          assert.doesNotMatch(rendered, /NaN|Infinity|undefined|"start":null|"end":null/, cut);
        }
        seen.transcripts++;
      } catch (error) {
        assert.ok(error instanceof ProviderFailure && error.kind === "garbage", `${error} of ${cut}`);
        seen.garbage++;
      }
    }
    assert.ok(seen.transcripts > ROUNDS / 20 && seen.garbage > ROUNDS / 20, JSON.stringify(seen));
  });
}
