/**
 * Writes docs/errors.md and docs/options.md from the tables in the code; with --check it only says whether they are
 * up to date. Needs the compiled code: `npm run build:ts` first.
 */
import { readFileSync, writeFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { ERRORS } from "../dist/core/errors.js";
import { environmentName, flagName, OPTION_NAMES, optionEntry } from "../dist/core/options.js";

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

const range = (entry) => {
  if (entry.kind === "integer") return `${entry.min} to ${entry.max}`;
  if (entry.kind === "string" && entry.choices) return entry.choices.join(", ");
  return entry.kind;
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
      `\`--${flagName(name)}\``,
      `\`${environmentName(name)}\``,
      `\`${name}\``,
      range(entry),
      preset,
      entry.commands.join(", "),
      entry.doc,
    );
  }),
  "",
].join("\n");

const pages = { "../docs/errors.md": errors, "../docs/options.md": options };
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
