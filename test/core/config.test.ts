import assert from "node:assert/strict";
import { mkdtempSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { readCommandLine, UsageError } from "../../src/core/config.js";
import { environmentName, flagName, OPTION_NAMES, optionEntry } from "../../src/core/options.js";
import { isSecretInSight } from "../../src/core/secret.js";

function configFile(content: unknown): string {
  const path = join(mkdtempSync(join(tmpdir(), "sotto-config-")), "config.json");
  writeFileSync(path, typeof content === "string" ? content : JSON.stringify(content));
  return path;
}

const portOf = (args: string[], environment: NodeJS.ProcessEnv = {}) =>
  readCommandLine("serve", args, environment).config.port;

test("a flag goes before the environment, that before the file, that before the default", () => {
  const file = configFile({ port: 3 });
  assert.equal(portOf([]), 8178);
  assert.equal(portOf(["--config", file]), 3);
  assert.equal(portOf(["--config", file], { SOTTO_PORT: "2" }), 2);
  assert.equal(portOf(["--config", file, "--port", "1"], { SOTTO_PORT: "2" }), 1);
  assert.equal(portOf([], { SOTTO_CONFIG: file }), 3);
  assert.equal(portOf(["--port=4"]), 4);
});

test("the config file takes keys as they stand in the code and as flags", () => {
  for (const key of ["maxUploadMb", "max-upload-mb"]) {
    const { config } = readCommandLine("serve", ["--config", configFile({ [key]: 7 })], {});
    assert.equal(config.maxUploadMb, 7);
  }
});

test("an unknown flag, key or command option is refused with the nearest name", () => {
  const refused = (args: string[], message: RegExp) =>
    assert.throws(
      () => readCommandLine("serve", args, {}),
      (error: unknown) => error instanceof UsageError && message.test(error.message),
    );
  refused(["--prot", "1"], /--prot; did you mean --port\?/);
  refused(["--config", configFile({ worker: 1 })], /worker; did you mean workers\?/);
  refused(["--rights", "x"], /Unknown option --rights/);
  refused(["--config", configFile("[1]")], /one JSON object/);
  refused(["--config", configFile("{")], /could not be read as JSON/);
  refused(["--config", "/does/not/exist.json"], /could not be read/);
});

test("a wrong value is refused with what was expected and what came", () => {
  const message = (args: string[]) => {
    try {
      readCommandLine("serve", args, {});
    } catch (error) {
      return (error as Error).message;
    }
    return "";
  };
  assert.match(message(["--port", "70000"]), /whole number from 0 to 65535 for --port, but received '70000'/);
  assert.match(message(["--port", "1.5"]), /whole number/);
  assert.match(message(["--port"]), /--port needs a value/);
  assert.match(message(["--max-duration", "long"]), /duration such as 90s/);
  assert.match(message(["--log-level", "loud"]), /one of trace, debug/);
});

test("durations are seconds, minutes, hours or bare seconds", () => {
  const of = (text: string) => readCommandLine("serve", ["--max-duration", text], {}).config.maxDuration;
  assert.deepEqual(["90s", "5m", "2h", "45", "0.5s"].map(of), [90_000, 300_000, 7_200_000, 45_000, 500]);
});

test("words that are no options stay in their order", () => {
  const { positionals, config } = readCommandLine(
    "transcribe",
    ["a.wav", "--format", "srt", "b.wav", "--translate"],
    {},
  );
  assert.deepEqual(positionals, ["a.wav", "b.wav"]);
  assert.equal(config.format, "srt");
  assert.equal(config.translate, true);
});

test("every option has one flag, one environment name and a doc line", () => {
  assert.equal(new Set(OPTION_NAMES.map(flagName)).size, OPTION_NAMES.length);
  for (const name of OPTION_NAMES) {
    assert.match(environmentName(name), /^SOTTO_[A-Z_]+$/);
    assert.ok(optionEntry(name).doc.length > 5, name);
  }
});

test("a keep-alive may be a duration, nothing at all or for ever", () => {
  const keepAlive = (...args: string[]) => readCommandLine("serve", args, {}).config.keepAlive;
  assert.equal(keepAlive(), 300_000);
  assert.equal(keepAlive("--keep-alive", "0"), 0);
  assert.equal(keepAlive("--keep-alive=-1"), Number.POSITIVE_INFINITY);
  assert.equal(keepAlive("--keep-alive", "-1"), Number.POSITIVE_INFINITY);
  assert.equal(keepAlive("--keep-alive", "90s"), 90_000);
  assert.throws(() => keepAlive("--keep-alive", "-2"), /or -1 for ever.*'-2'/);
  assert.throws(() => readCommandLine("serve", ["--max-duration=-1"], {}), /a duration/);
});

test("a size is bytes, or has a letter for its unit", () => {
  const limit = (value: string) => readCommandLine("serve", ["--memory-limit", value], {}).config.memoryLimit;
  assert.equal(readCommandLine("serve", [], {}).config.memoryLimit, undefined);
  assert.equal(limit("1000000"), 1_000_000);
  for (const text of ["1536m", "1.5g", "1.5GB", "1.5GiB", "1572864k"])
    assert.equal(limit(text), 1536 * 1024 ** 2, text);
  for (const text of ["much", "0", "4x", "-1g", ""]) {
    assert.throws(
      () => readCommandLine("serve", ["--config", configFile({ memoryLimit: text })], {}),
      UsageError,
      text,
    );
  }
});

test("a secret is text or @FILE, and one on the command line is told from one that is not", () => {
  const path = join(mkdtempSync(join(tmpdir(), "sotto-config-")), "secret");
  writeFileSync(path, "from a file\n");
  const secretOf = (args: string[], environment: NodeJS.ProcessEnv = {}) =>
    readCommandLine("serve", args, environment).config.jwtSecret;
  assert.equal(secretOf([]), undefined);
  assert.equal(secretOf([], { SOTTO_JWT_SECRET: "from the environment" }), "from the environment");
  assert.equal(secretOf([], { SOTTO_JWT_SECRET: `@${path}` }), "from a file");
  assert.equal(secretOf(["--jwt-secret", `@${path}`]), "from a file");
  const refusal = (given: string) => {
    try {
      secretOf(["--jwt-secret", given]);
    } catch (error) {
      assert.ok(error instanceof UsageError);
      return error.message;
    }
    return "";
  };
  assert.equal(secretOf(["--jwt-secret", "hunter2"]), "hunter2");
  for (const args of [["--jwt-secret", "hunter2"], ["--jwt-secret=hunter2"]]) {
    assert.ok(isSecretInSight(["--port", "0", ...args], "jwt-secret"));
  }
  for (const args of [["--jwt-secret", "@f"], ["--jwt-secret=@f"], ["--port", "0"], []]) {
    assert.ok(!isSecretInSight(args, "jwt-secret"));
  }
  assert.match(refusal("@/does/not/exist"), /can be read \(ENOENT\)/);
  writeFileSync(path, "\n");
  assert.match(refusal(`@${path}`), /not empty/);
});
