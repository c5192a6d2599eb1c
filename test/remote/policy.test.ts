import assert from "node:assert/strict";
import { test } from "node:test";
import type { ProviderSettings } from "../../src/core/provider-settings.js";
import { DEFAULT_REQUEST, type TranscribeRequest } from "../../src/core/request.js";
import { chooseByPolicy } from "../../src/remote/policy.js";
import { inOrderOf } from "../../src/remote/preference.js";
import { settingsOf } from "./samples.js";

type Wishes = Partial<TranscribeRequest>;
const provider = (name: string, given: Partial<ProviderSettings>) => settingsOf({ name, ...given });

/** Five providers, no two alike: speed and price, and what they promise. */
const PROVIDERS = [
  provider("plain", { speed: 50, pricePerMinute: 0.004, quantized: true }),
  provider("exact", { speed: 40, pricePerMinute: 0.006, quantized: false }),
  provider("eu", { speed: 20, pricePerMinute: 0.005, eu: true, quantized: true }),
  provider("discreet", { speed: 100, pricePerMinute: 0.02, zeroDataRetention: true, quantized: true }),
  provider("strict", { speed: 10, pricePerMinute: 0.003, eu: true, zeroDataRetention: true, quantized: false }),
];

const chosen = (wishes: Wishes) =>
  chooseByPolicy(PROVIDERS, { ...DEFAULT_REQUEST, ...wishes }, ["base"]).candidates.map(({ provider: name }) => name);

/** The wishes alone, and what each leaves in the order of `balanced`. */
const ALONE: Record<string, [Wishes, string[]]> = {
  // Places by speed (discreet, plain, exact, eu, strict) and by cost (strict, plain, eu, exact, discreet):
  // plain 1+1, strict 4+0, discreet 0+4, exact 2+3, eu 3+2; of equal sums the cheaper first.
  nothing: [{}, ["plain", "strict", "discreet", "eu", "exact"]],
  balanced: [{ preference: "balanced" }, ["plain", "strict", "discreet", "eu", "exact"]],
  speed: [{ preference: "speed" }, ["discreet", "plain", "exact", "eu", "strict"]],
  cost: [{ preference: "cost" }, ["strict", "plain", "eu", "exact", "discreet"]],
  allowed: [{ allowedProviders: ["eu", "STRICT", "nobody", "local"] }, ["eu", "strict"].reverse()],
  nobodyAllowed: [{ allowedProviders: [] }, []],
  eu: [{ euNative: true }, ["strict", "eu"]],
  zdr: [{ allowZeroDataRetention: true }, ["strict", "discreet"]],
  anyRetention: [{ allowZeroDataRetention: false }, ["plain", "strict", "discreet", "eu", "exact"]],
  exact: [{ allowQuantization: false }, ["strict", "exact"]],
  fallback: [{ enableModelFallback: true }, ["plain", "strict", "discreet", "eu", "exact"]],
};

for (const [name, [wishes, expected]] of Object.entries(ALONE)) {
  test(`policy: ${name} alone leaves ${expected.join(", ") || "nobody"}`, () =>
    assert.deepEqual(chosen(wishes), expected));
}

/** Pairs, written out: what is left is what both leave, in the order of the preference among those. */
const PAIRS: Record<string, string[]> = {
  "speed allowed": ["eu", "strict"],
  "speed eu": ["eu", "strict"],
  "speed zdr": ["discreet", "strict"],
  "speed exact": ["exact", "strict"],
  "speed nobodyAllowed": [],
  "speed anyRetention": ["discreet", "plain", "exact", "eu", "strict"],
  "speed fallback": ["discreet", "plain", "exact", "eu", "strict"],
  "cost allowed": ["strict", "eu"],
  "cost eu": ["strict", "eu"],
  "cost zdr": ["strict", "discreet"],
  "cost exact": ["strict", "exact"],
  "cost nobodyAllowed": [],
  "cost anyRetention": ["strict", "plain", "eu", "exact", "discreet"],
  "cost fallback": ["strict", "plain", "eu", "exact", "discreet"],
  "balanced allowed": ["strict", "eu"],
  "balanced eu": ["strict", "eu"],
  "balanced zdr": ["strict", "discreet"],
  "balanced exact": ["strict", "exact"],
  "balanced nobodyAllowed": [],
  "balanced anyRetention": ["plain", "strict", "discreet", "eu", "exact"],
  "balanced fallback": ["plain", "strict", "discreet", "eu", "exact"],
  "allowed eu": ["strict", "eu"],
  "allowed zdr": ["strict"],
  "allowed anyRetention": ["strict", "eu"],
  "allowed exact": ["strict"],
  "allowed fallback": ["strict", "eu"],
  "nobodyAllowed eu": [],
  "nobodyAllowed zdr": [],
  "nobodyAllowed anyRetention": [],
  "nobodyAllowed exact": [],
  "nobodyAllowed fallback": [],
  "eu zdr": ["strict"],
  "eu anyRetention": ["strict", "eu"],
  "eu exact": ["strict"],
  "eu fallback": ["strict", "eu"],
  "zdr exact": ["strict"],
  "zdr fallback": ["strict", "discreet"],
  "anyRetention exact": ["strict", "exact"],
  "anyRetention fallback": ["plain", "strict", "discreet", "eu", "exact"],
  "exact fallback": ["strict", "exact"],
};

test("policy: every two fields together, in either order, leave what the table says", () => {
  const names = Object.keys(ALONE).filter((name) => name !== "nothing");
  let pairCount = 0;
  for (const [index, one] of names.entries()) {
    for (const other of names.slice(index + 1)) {
      const [first, second] = [ALONE[one]?.[0] ?? {}, ALONE[other]?.[0] ?? {}];
      // A field has one value.
      if (Object.keys(first).join() === Object.keys(second).join()) continue;
      const expected = PAIRS[`${one} ${other}`];
      assert.ok(expected, `${one} ${other} stands in the table`);
      assert.deepEqual(chosen({ ...first, ...second }), expected, `${one} ${other}`);
      pairCount++;
    }
  }
  assert.equal(pairCount, Object.keys(PAIRS).length, "the table has no other rows");
});

test("policy: whoever is refused is refused for a reason, the client's demands before the model", () => {
  const demands: Wishes = { allowedProviders: ["plain", "exact", "eu", "strict"], euNative: true };
  const providers = [...PROVIDERS, provider("other", { eu: true, models: { large: "x" } })];
  const allowed = [...(demands.allowedProviders ?? []), "other"];
  const wishes = { ...DEFAULT_REQUEST, ...demands, allowedProviders: allowed, allowQuantization: false };
  const { candidates, refused } = chooseByPolicy(
    [...providers, provider("large", { eu: true, quantized: false, models: { large: "x" } })],
    { ...wishes, allowedProviders: [...allowed, "large"] },
    ["base"],
  );
  assert.deepEqual(
    candidates.map(({ provider: name }) => name),
    ["strict"],
  );
  assert.deepEqual(Object.fromEntries(refused.map(({ provider: name, because }) => [name, because])), {
    plain: "eu_native",
    exact: "eu_native",
    eu: "allow_quantization",
    discreet: "allowed_providers",
    other: "allow_quantization",
    large: "model",
  });
  const zdr = chooseByPolicy(PROVIDERS, { ...DEFAULT_REQUEST, allowZeroDataRetention: true }, ["base"]);
  assert.deepEqual(new Set(zdr.refused.map(({ because }) => because)), new Set(["allow_zero_data_retention"]));
});

test("policy: what the operator has not said of a provider is no promise", () => {
  const silent = provider("silent", {});
  const of = (wishes: Wishes) =>
    chooseByPolicy([silent], { ...DEFAULT_REQUEST, ...wishes }, ["base"]).candidates.length;
  assert.equal(of({}), 1);
  for (const demand of [{ euNative: true }, { allowZeroDataRetention: true }, { allowQuantization: false }]) {
    assert.equal(of(demand), 0, JSON.stringify(demand));
  }
});

test("policy: a model is looked up by the client's name, then by the local id, then by the star", () => {
  const models = { "gpt-4o-transcribe": "theirs-4o", "base-q8_0": "theirs-base", "*": "theirs-any" };
  const modelOf = (names: string[], map: Record<string, string> = models) =>
    chooseByPolicy([provider("one", { models: map })], DEFAULT_REQUEST, names).candidates[0]?.model;
  assert.equal(modelOf(["gpt-4o-transcribe", "base-q8_0"]), "theirs-4o");
  assert.equal(modelOf(["whisper-1", "base-q8_0"]), "theirs-base");
  assert.equal(modelOf(["base-q8_0"]), "theirs-base");
  assert.equal(modelOf(["tiny"]), "theirs-any");
  assert.equal(modelOf([]), "theirs-any");
  assert.equal(modelOf(["tiny"], { base: "x" }), undefined);
  assert.equal(modelOf(["toString"], { base: "x" }), undefined, "names of all objects are nobody's models");
  assert.equal(modelOf(["base"], { base: "" }), "", "the choice is theirs");
});

test("preference: what is not known comes last, and what is equal in all stays in the operator's order", () => {
  const list = [
    { name: "unknown", speed: undefined, pricePerMinute: undefined },
    { name: "free", speed: undefined, pricePerMinute: 0 },
    { name: "first", speed: 10, pricePerMinute: 0.01 },
    { name: "second", speed: 10, pricePerMinute: 0.01 },
    { name: "cheap", speed: 10, pricePerMinute: 0.001 },
  ];
  const order = (preference: "speed" | "cost" | "balanced") =>
    inOrderOf(preference, list, (item) => item).map(({ name }) => name);
  assert.deepEqual(order("speed"), ["cheap", "first", "second", "free", "unknown"]);
  assert.deepEqual(order("cost"), ["free", "cheap", "first", "second", "unknown"]);
  // Places: cheap 0+1, first and second 0+2, free 3+0, unknown 3+4.
  assert.deepEqual(order("balanced"), ["cheap", "first", "second", "free", "unknown"]);
});
