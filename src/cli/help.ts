import { type Command, flagName, isFileOnly, OPTION_NAMES, type OptionName, optionEntry } from "../core/options.js";

const USAGE: Record<Command, string> = {
  serve: "sotto serve [options]              transcribe over HTTP",
  transcribe: "sotto transcribe FILE… [options]   transcribe recordings",
  doctor: "sotto doctor [options]             say what works here",
  models: "sotto models list | pull ID | import FILE | verify [ID] | rm ID",
  keys: "sotto keys create NAME | list | revoke NAME",
};

/** Text of `sotto --help`, or of one command's. */
export function helpText(command?: Command): string {
  if (!command)
    return [
      "Usage:",
      ...Object.values(USAGE).map((line) => `  ${line}`),
      "",
      "sotto COMMAND --help lists its options.",
    ].join("\n");
  const ownNames = OPTION_NAMES.filter((name) => optionEntry(name).commands.includes(command));
  const lines = ownNames.filter((name) => !isFileOnly(name)).map(optionLine);
  return [
    `Usage: ${USAGE[command]}`,
    "",
    "Options (also SOTTO_… in the environment and keys of the config file):",
    ...lines,
  ].join("\n");
}

function optionLine(name: OptionName): string {
  const entry = optionEntry(name);
  const value = entry.kind === "boolean" ? "" : ` ${placeholder(name)}`;
  const choices = entry.kind === "string" && entry.choices ? ` (${entry.choices.join(", ")})` : "";
  const preset = entry.default === undefined ? "" : ` [${entry.default}]`;
  return `  ${`--${flagName(name)}${value}`.padEnd(24)} ${entry.doc}${choices}${preset}`;
}

function placeholder(name: OptionName): string {
  const entry = optionEntry(name);
  if (entry.kind === "integer" || entry.kind === "number") return "N";
  if (entry.kind === "bytes") return "SIZE";
  if (entry.kind === "secret") return "@FILE";
  return entry.kind === "duration" ? "TIME" : "VALUE";
}
