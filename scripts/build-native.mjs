// `npm run build:native`: the addon alone. --force builds all of it even if it is up to date; --print-upstream prints
// the hash of whisper.cpp's source, for native/UPSTREAM.
import { parseArgs } from "node:util";
import { buildAddon, reasonToBuildHere } from "./setup/addon.mjs";
import { Failure, runMain } from "./setup/failure.mjs";
import { withLock } from "./setup/lock.mjs";
import { installPackages, reasonToInstallHere } from "./setup/packages.mjs";
import { say } from "./setup/say.mjs";
import { requireNode, requireTools } from "./setup/tools.mjs";
import { hashUpstreamTree, readUpstream } from "./setup/upstream.mjs";

await runMain(async () => {
  const options = parseOptions();
  if (options["print-upstream"]) {
    process.stdout.write(`${hashUpstreamTree(readUpstream().folder)}\n`);
    return;
  }
  requireNode();
  const reason = options.force ? "--force" : reasonToBuildHere();
  if (!reason) {
    say("the engine is up to date");
    return;
  }
  requireTools({ packages: reasonToInstallHere() !== undefined, addon: true });
  await withLock(async () => {
    const packages = reasonToInstallHere();
    if (packages) await installPackages(packages);
    await buildAddon(reason, { startOver: options.force === true });
  });
});

function parseOptions() {
  try {
    const options = { force: { type: "boolean" }, "print-upstream": { type: "boolean" } };
    return parseArgs({ options: /** @type {import("node:util").ParseArgsConfig["options"]} */ (options) }).values;
  } catch (error) {
    const came = error instanceof Error ? error.message : String(error);
    throw new Failure(`Expected --force or --print-upstream. ${came}`);
  }
}
