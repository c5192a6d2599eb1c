import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { Ajv2020 } from "ajv/dist/2020.js";
import { packageRoot } from "../../src/core/package-root.js";

/**
 * Holds a value against a service's own description of it.
 * @param name `openai#verbose_json`: the definition in test/schemas/openai.json
 */
export function expectSchema(name: string, value: unknown): void {
  const [service, definition] = name.split("#");
  const path = join(packageRoot(), "test", "schemas", `${service}.json`);
  const { $defs } = JSON.parse(readFileSync(path, "utf8")) as { $defs: Record<string, object> };
  const schema = $defs[definition as string];
  assert.ok(schema, `${name} is described`);
  const validate = new Ajv2020({ allErrors: true, allowUnionTypes: true }).compile(schema);
  assert.ok(validate(value), `${name}: ${JSON.stringify(validate.errors)} in ${JSON.stringify(value)}`);
}
