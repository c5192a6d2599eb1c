#!/usr/bin/env node
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { closestMatch } from "leven";
import { helpText } from "./cli/help.js";
import { CommandError, UsageError } from "./core/config.js";
import { SottoError } from "./core/errors.js";
import type { Command } from "./core/options.js";
import { packageRoot } from "./core/package-root.js";
import { keepYoungSpaceSmall } from "./core/young-space.js";

/** Commands are loaded when called: `sotto models list` needs no web server. */
const COMMANDS: Record<Command, (args: string[]) => Promise<number>> = {
  serve: async (args) => {
    keepYoungSpaceSmall(); // before the server's modules are loaded, which would make it grow
    return (await import("./cli/serve.js")).runServe(args);
  },
  transcribe: async (args) => (await import("./cli/transcribe.js")).runTranscribe(args),
  doctor: async (args) => (await import("./cli/doctor.js")).runDoctor(args),
  models: async (args) => (await import("./cli/models.js")).runModels(args),
  keys: async (args) => (await import("./cli/keys.js")).runKeys(args),
};

const EXIT_FAILED = 1;
const EXIT_USAGE = 2;

async function main([name, ...args]: string[]): Promise<number> {
  if (name === undefined || name === "help" || name === "--help" || name === "-h") {
    process.stdout.write(`${helpText()}\n`);
    return name === undefined ? EXIT_USAGE : 0;
  }
  if (name === "--version" || name === "version") {
    const { version } = JSON.parse(readFileSync(join(packageRoot(), "package.json"), "utf8")) as { version: string };
    process.stdout.write(`${version}\n`);
    return 0;
  }
  if (!Object.hasOwn(COMMANDS, name)) {
    const nearest = closestMatch(name, Object.keys(COMMANDS));
    throw new UsageError(`Unknown command ${name}${nearest ? `; did you mean ${nearest}?` : "."}`);
  }
  const command = name as Command;
  if (args.includes("--help") || args.includes("-h")) {
    process.stdout.write(`${helpText(command)}\n`);
    return 0;
  }
  return COMMANDS[command](args);
}

try {
  process.exitCode = await main(process.argv.slice(2));
} catch (error) {
  // What the operator can act on is one line; anything else is our fault and shows where.
  const isForOperator = [UsageError, CommandError, SottoError].some((known) => error instanceof known);
  process.stderr.write(isForOperator ? `sotto: ${(error as Error).message}\n` : `${(error as Error).stack}\n`);
  process.exitCode = error instanceof UsageError ? EXIT_USAGE : EXIT_FAILED;
}
