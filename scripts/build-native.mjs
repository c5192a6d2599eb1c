// `npm run build:native`: the addon alone, and the libraries beside it. --backend vulkan or cuda (metal on a Mac) adds the
// module for a GPU, --all-variants all of ggml's variants for CPUs, as published packages carry them; both stay until
// --force, which builds everything anew, is given without them. --print-upstream prints the hash of whisper.cpp's source,
// for native/UPSTREAM.
import { parseArgs } from "node:util";
import { buildAddon, forgetModules, reasonToBuildHere } from "./setup/addon.mjs";
import { allVariants } from "./setup/cpu-variants.mjs";
import { Failure, runMain } from "./setup/failure.mjs";
import { demandGpuTools, GPU_BACKENDS } from "./setup/gpu-tools.mjs";
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
  demandGpuTools(options.backends);
  const wanted = {
    backends: options.backends,
    ...(options["all-variants"] ? { variants: allVariants().map(({ name }) => name) } : {}),
  };
  const reason = options.force ? "--force" : reasonToBuildHere(wanted);
  if (!reason) {
    say("the engine is up to date");
    return;
  }
  requireTools({ packages: reasonToInstallHere() !== undefined, addon: true });
  await withLock(async () => {
    const packages = reasonToInstallHere();
    if (packages) await installPackages(packages);
    if (options.force) forgetModules();
    await buildAddon(reason, { startOver: options.force === true, ...wanted });
  });
});

function parseOptions() {
  try {
    const { values } = parseArgs({
      options: {
        force: { type: "boolean" },
        "print-upstream": { type: "boolean" },
        "all-variants": { type: "boolean" },
        backend: { type: "string", multiple: true },
      },
    });
    return { ...values, backends: values.backend ?? [] };
  } catch (error) {
    const came = error instanceof Error ? error.message : String(error);
    const backends = GPU_BACKENDS.join(", ");
    throw new Failure(`Expected --backend (${backends}), --all-variants, --force or --print-upstream. ${came}`);
  }
}
