import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, test } from "node:test";
import { StandIn } from "../remote/stand-in.js";
import { fixtureOf } from "../support/fixtures.js";
import { type ErrorBody, postFile } from "../support/post.js";
import { type RunningServer, startServer } from "../support/sotto.js";

const folder = mkdtempSync(join(tmpdir(), "sotto-policy-"));
const wav = join(folder, "clip.wav");
/** No two alike: speed and price, and what they promise. Which is first says which order held, which is not there which demand. */
const PROVIDERS = {
  plain: { speed: 50, pricePerMinute: 0.004 },
  exact: { speed: 40, pricePerMinute: 0.006, quantized: false },
  union: { speed: 20, pricePerMinute: 0.005, eu: true },
  discreet: { speed: 100, pricePerMinute: 0.02, zeroDataRetention: true },
  strict: { speed: 10, pricePerMinute: 0.003, eu: true, zeroDataRetention: true, quantized: false },
};
const EVERYBODY = Object.keys(PROVIDERS);
let service: StandIn;
let server: RunningServer;

before(async () => {
  execFileSync("ffmpeg", ["-v", "error", "-i", fixtureOf(1, 8).path, wav]);
  service = await StandIn.start("cortecs");
  const common = { dialect: "cortecs", baseUrl: service.baseUrl, models: { "*": "whisper-1" } };
  const providers = Object.entries(PROVIDERS).map(([name, given]) => ({ name, ...common, ...given }));
  const config = join(folder, "config.json");
  writeFileSync(config, JSON.stringify({ providers }));
  server = await startServer(["--config", config, "--log-level", "info"]);
});
after(async () => {
  assert.equal(await server.stop(), 0);
  await service.stop();
  rmSync(folder, { recursive: true, force: true });
});

type Fields = Record<string, string>;
const BALANCED = ["plain", "strict", "discreet", "union", "exact"];
const COST = ["strict", "plain", "union", "exact", "discreet"];
const SPEED = ["discreet", "plain", "exact", "union", "strict"];
/** A field as a client sends it, whom it leaves, and the order that it asks for. */
const FIELDS: Record<string, { fields: Fields; leaves: string[]; order?: string[] }> = {
  nothing: { fields: {}, leaves: EVERYBODY },
  balanced: { fields: { preference: "balanced" }, leaves: EVERYBODY },
  speed: { fields: { preference: "speed" }, leaves: EVERYBODY, order: SPEED },
  cost: { fields: { preference: "cost" }, leaves: EVERYBODY, order: COST },
  allowed: { fields: { "allowed_providers[]": "exact" }, leaves: ["exact"] },
  allowedAsJson: { fields: { allowed_providers: '["union","STRICT","local"]' }, leaves: ["union", "strict"] },
  nobodyAllowed: { fields: { allowed_providers: '["local"]' }, leaves: [] },
  euNative: { fields: { eu_native: "true" }, leaves: ["union", "strict"] },
  notEuNative: { fields: { eu_native: "0" }, leaves: EVERYBODY },
  zeroRetention: { fields: { allow_zero_data_retention: "1" }, leaves: ["discreet", "strict"] },
  anyRetention: { fields: { allow_zero_data_retention: "false" }, leaves: EVERYBODY },
  unquantized: { fields: { allow_quantization: "false" }, leaves: ["exact", "strict"] },
  quantizedToo: { fields: { allow_quantization: "true" }, leaves: EVERYBODY },
};

async function chosen(fields: Fields): Promise<{ candidates: string[]; provider: string | null; status: number }> {
  const from = server.log().length;
  // The model is not here: that alone makes it go out.
  const all = { model: "large", enable_model_fallback: "true", user: JSON.stringify(fields), ...fields };
  const reply = await postFile(`${server.url}/v1/audio/transcriptions`, wav, all);
  const text = await reply.text();
  if (reply.status !== 200) assert.equal((JSON.parse(text) as ErrorBody).error.code, "model_not_found");
  // The log may come a little later than the reply.
  for (let waitedMs = 0; !server.log().slice(from).includes('"answered"'); waitedMs += 5) {
    assert.ok(waitedMs < 20_000);
    await new Promise((resolve) => setTimeout(resolve, 5));
  }
  const line = server
    .log()
    .slice(from)
    .split("\n")
    .find((each) => each.includes('"overflow":'));
  const { overflow } = JSON.parse(line ?? '{"overflow":{"candidates":[]}}') as { overflow: { candidates: string[] } };
  return { candidates: overflow.candidates, provider: reply.headers.get("x-sotto-provider"), status: reply.status };
}

const names = Object.keys(FIELDS);
const cases = names.flatMap((one, index) => names.slice(index).map((other) => [one, other] as const));

test(`over HTTP every policy field, alone and in pairs, leaves whom it should, in the order that was asked for`, async () => {
  let checked = 0;
  for (const [one, other] of cases) {
    const [first, second] = [FIELDS[one], FIELDS[other]];
    assert.ok(first && second);
    const fieldOf = ({ fields }: { fields: Fields }) => Object.keys(fields)[0]?.replace("[]", "");
    // A field has one value.
    if (one !== other && fieldOf(first) === fieldOf(second)) continue;
    const left = first.leaves.filter((name) => second.leaves.includes(name));
    const order = first.order ?? second.order;
    const { candidates, provider, status } = await chosen({ ...first.fields, ...second.fields });
    // Balanced depends on who is compared; that table is in test/remote/policy.test.ts.
    if (order || left.length === EVERYBODY.length) {
      const expected = (order ?? BALANCED).filter((name) => left.includes(name));
      assert.deepEqual(candidates, expected, `${one} ${other}`);
    } else assert.deepEqual([...candidates].sort(), [...left].sort(), `${one} ${other}`);
    assert.deepEqual([status, provider], left.length > 0 ? [200, candidates[0]] : [404, "local"], `${one} ${other}`);
    checked++;
  }
  assert.ok(checked > 60, `${checked} pairs`);
});

test("over HTTP nothing goes out for a missing model unless the request lets it", async () => {
  const { length } = service.received;
  for (const value of [{}, { enable_model_fallback: "false" }, { enable_model_fallback: "" }]) {
    const reply = await postFile(`${server.url}/v1/audio/transcriptions`, wav, { model: "large", ...value });
    assert.equal(reply.status, 404);
  }
  assert.equal(service.received.length, length);
});
