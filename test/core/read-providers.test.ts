import assert from "node:assert/strict";
import { mkdtempSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { readCommandLine, UsageError } from "../../src/core/config.js";
import { PROVIDER_KEY_NAMES, providerKeyEntry } from "../../src/core/provider-settings.js";

const ONE = { name: "one", dialect: "openai", baseUrl: "https://host/v1", models: { base: "whisper-1" } };

function read(providers: unknown, args: string[] = []) {
  const path = join(mkdtempSync(join(tmpdir(), "sotto-providers-")), "config.json");
  writeFileSync(path, JSON.stringify({ providers }));
  return readCommandLine("serve", ["--config", path, ...args], {}).config.providers;
}
function refusal(providers: unknown): string {
  try {
    read(providers);
  } catch (error) {
    assert.ok(error instanceof UsageError, String(error));
    return error.message;
  }
  return "";
}

test("a provider has what the operator says of it, and defaults that promise nothing", () => {
  const [one] = read([{ ...ONE, baseUrl: "https://HOST/v1//", pricePerMinute: 0.006, eu: null }]) ?? [];
  assert.equal(one?.baseUrl, "https://host/v1");
  assert.deepEqual([one?.eu, one?.zeroDataRetention, one?.quantized, one?.concurrency], [false, false, true, 4]);
  assert.deepEqual([one?.pricePerMinute, one?.speed, one?.apiKeyEnv], [0.006, undefined, undefined]);
  assert.equal(readCommandLine("serve", [], {}).config.providers, undefined);
});

test("what is wrong is said with its place, what was expected and what came", () => {
  const second = (given: object) =>
    refusal([
      { ...ONE, name: "zero" },
      { ...ONE, ...given },
    ]);
  const cases: [object, RegExp][] = [
    [{ baseUrl: "host/v1" }, /^Expected an http or https URL .* for providers\[1\]\.baseUrl, but it cannot be read/],
    [{ baseUrl: "ftp://host" }, /providers\[1\]\.baseUrl, but its scheme/],
    [{ baseUrl: "https://me:secret@host/v1" }, /providers\[1\]\.baseUrl, but it holds a user name or a password\.$/],
    [{ baseUrl: "https://host/v1?key=secret" }, /providers\[1\]\.baseUrl, but it holds a query or a fragment\.$/],
    [{ baseUrl: undefined }, /a value for providers\[1\]\.baseUrl, but there is none/],
    [
      { dialect: "azure" },
      /one of openai, cortecs, comet, together, v2 for providers\[1\]\.dialect, but received 'azure'/,
    ],
    [{ name: "local" }, /and not 'local' for providers\[1\]\.name/],
    [{ name: "a b" }, /providers\[1\]\.name, but received 'a b'/],
    [{ name: "ZERO" }, /a name of its own for providers\[1\]\.name, but providers\[0\]/],
    [{ models: {} }, /at least one model for providers\[1\]\.models/],
    [{ models: ["base"] }, /an object .* for providers\[1\]\.models/],
    [{ models: { base: 1 } }, /their name of the model for providers\[1\]\.models\.base, but received '1'/],
    [{ models: { base: "a\nb" } }, /providers\[1\]\.models\.base/],
    [{ eu: "yes" }, /true or false for providers\[1\]\.eu, but received 'yes'/],
    [{ pricePerMinute: -1 }, /a number from 0 to \d+ for providers\[1\]\.pricePerMinute, but received '-1'/],
    [{ speed: 0 }, /a number from 0\.001/],
    [{ speed: "fast" }, /providers\[1\]\.speed, but received 'fast'/],
    [{ concurrency: 1.5 }, /a whole number from 1/],
    [{ apiKeyEnv: "A", apiKeyFile: "b" }, /either apiKeyEnv or apiKeyFile in providers\[1\]/],
    [{ baseURL: "https://host" }, /^Unknown key providers\[1\]\.baseURL; did you mean baseUrl\?/],
  ];
  for (const [given, message] of cases) assert.match(second(given), message);
  assert.match(refusal({}), /a list of objects for providers/);
  assert.match(refusal(["one"]), /an object for providers\[0\], but received 'one'/);
});

test("a key that stands where it must not is not repeated", () => {
  const key = "sk-live-0123456789abcdef";
  const faults = [{ apiKeyEnv: key }, { apiKey: key }, { token: key }, { apiKeyFile: 7 }];
  for (const given of faults) {
    const message = refusal([{ ...ONE, ...given }]);
    assert.match(message, /providers\[0\]/);
    assert.doesNotMatch(message, /sk-live/);
  }
  assert.match(refusal([{ ...ONE, apiKey: key }]), /keys do not stand in the config file/);
});

test("the list is a key of the config file and nothing else", () => {
  assert.throws(() => readCommandLine("serve", ["--providers", "[]"], {}), /Unknown option --providers/);
  assert.equal(readCommandLine("serve", [], { SOTTO_PROVIDERS: "[]" }).config.providers, undefined);
});

test("every key has a line for the reference", () => {
  for (const key of PROVIDER_KEY_NAMES) assert.ok(providerKeyEntry(key).doc.length > 10, key);
});
