/**
 * Writes docs/errors.md, docs/options.md and docs/fields.md from the tables in the code; with --check it only says whether they are
 * up to date. Needs the compiled code: `npm run build:ts` first.
 */
import { readFileSync, writeFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { ERRORS } from "../dist/core/errors.js";
import { environmentName, flagName, isFileOnly, OPTION_NAMES, optionEntry } from "../dist/core/options.js";
import { PROVIDER_KEY_NAMES, providerKeyEntry } from "../dist/core/provider-settings.js";
import { DIALECTS } from "../dist/dialects/dialects.js";
import { expectation } from "../dist/dialects/field-value.js";
import { entriesOf, FIELD_NAMES, FIELDS } from "../dist/dialects/fields.js";

const row = (...cells) => `| ${cells.map((cell) => String(cell).replaceAll("|", "\\|")).join(" | ")} |`;

const errors = [
  "# Errors",
  "",
  'Written by `npm run docs` from `src/core/errors.ts`. Bodies are `{"error":{"message","type","param","code"}}`.',
  "",
  row("status", "code", "type", "retry", "message"),
  row("---", "---", "---", "---", "---"),
  ...Object.entries(ERRORS)
    .sort(([, a], [, b]) => a.status - b.status)
    .map(([code, { status, type, retryable, template }]) =>
      row(status, `\`${code}\``, type, retryable ? "yes" : "no", template),
    ),
  "",
].join("\n");

/** Kinds whose names say little. */
const KINDS = {
  baseUrl: "an http(s) URL",
  environmentName: "a variable's name",
  modelNames: "an object",
  providers: "a list",
};
const range = (entry) => {
  if (entry.kind === "integer" || entry.kind === "number") return `${entry.min} to ${entry.max}`;
  if (entry.choices) return entry.choices.join(", ");
  return KINDS[entry.kind] ?? entry.kind;
};
const options = [
  "# Options",
  "",
  "Written by `npm run docs` from `src/core/options.ts`. A flag goes before the environment, that before the config file",
  "(`--config FILE`, a JSON object with the keys below), that before the default.",
  "",
  row("flag", "environment", "key", "values", "default", "commands", "what"),
  row("---", "---", "---", "---", "---", "---", "---"),
  ...OPTION_NAMES.map((name) => {
    const entry = optionEntry(name);
    const preset = entry.default === undefined ? "" : `\`${entry.default}\``;
    return row(
      isFileOnly(name) ? "" : `\`--${flagName(name)}\``,
      isFileOnly(name) ? "" : `\`${environmentName(name)}\``,
      `\`${name}\``,
      range(entry),
      preset,
      entry.commands.join(", "),
      entry.doc,
    );
  }),
  "",
  "## providers",
  "",
  "Each member of the list `providers` in the config file, written from `src/core/provider-settings.ts`. [overflow.md](overflow.md)",
  "says when a provider is asked, which and how.",
  "",
  row("key", "values", "default", "what"),
  row("---", "---", "---", "---"),
  ...PROVIDER_KEY_NAMES.map((key) => {
    const entry = providerKeyEntry(key);
    const preset = entry.default === undefined ? (entry.required ? "required" : "") : `\`${entry.default}\``;
    return row(`\`${key}\``, range(entry), preset, entry.doc);
  }),
  "",
].join("\n");

const code = (text) => `\`${text}\``;
const bytes = (count) => (count === undefined ? "as the server's" : `${count / 1024 ** 2} MiB`);
/** How a dialect has a field: nothing, as the table has it, or what is different. */
const difference = (dialect, name) => {
  const own = entriesOf(dialect.fields).find(([field]) => field === name)?.[1];
  if (!own) return "";
  const plain = FIELDS[name];
  const changes = [];
  if (own.names.join() !== plain.names.join()) changes.push(`as ${own.names.map(code).join(", ")}`);
  if (own.required && !plain.required) changes.push("required");
  if (own.default !== plain.default) changes.push(`default ${code(own.default)}`);
  if (expectation(own) !== expectation(plain)) changes.push(expectation(own));
  return changes.length > 0 ? changes.join("; ") : "yes";
};
const fields = [
  "# Request fields",
  "",
  "Written by `npm run docs` from `src/dialects/fields.ts` and the dialects. Lists are written as `name`, `name[]`, repeated,",
  "or as a JSON string; objects as `name[sub]` or as a JSON string; booleans as `true`, `false`, `1` or `0`. An empty string",
  "means absent. A wrong value is 400 with `param`. A field that a dialect does not have is accepted and named in the header",
  "`x-sotto-ignored`, and so is one whose effect is still to come (†), and one for remote providers (‡, [overflow.md](overflow.md))",
  "where none is configured.",
  "",
  row("field", "values", "default", "what"),
  row("---", "---", "---", "---"),
  ...FIELD_NAMES.map((name) => {
    const { names, default: preset, doc, pending, needsProviders } = FIELDS[name];
    const mark = pending ? " †" : needsProviders ? " ‡" : "";
    return row(`${names.map(code).join(", ")}${mark}`, expectation(FIELDS[name]), preset ? code(preset) : "", doc);
  }),
  "",
  "## By dialect",
  "",
  row("field", ...DIALECTS.map(({ name }) => name)),
  row("---", ...DIALECTS.map(() => "---")),
  ...FIELD_NAMES.map((name) =>
    row(code(FIELDS[name].names[0]), ...DIALECTS.map((dialect) => difference(dialect, name))),
  ),
  row("largest upload", ...DIALECTS.map(({ maxFileBytes }) => bytes(maxFileBytes))),
  "",
].join("\n");

const pages = { "../docs/errors.md": errors, "../docs/options.md": options, "../docs/fields.md": fields };
let stale = 0;
for (const [path, text] of Object.entries(pages)) {
  const file = fileURLToPath(new URL(path, import.meta.url));
  if (!process.argv.includes("--check")) writeFileSync(file, text);
  else if (readFileSync(file, "utf8") !== text) {
    stale++;
    process.stderr.write(`${path.slice(3)} is not what the code says: run \`npm run docs\`\n`);
  }
}
process.exitCode = stale > 0 ? 1 : 0;
