import { buildAddon, reasonToBuildHere } from "./addon.mjs";
import { withLock } from "./lock.mjs";
import { installPackages, reasonToInstallHere } from "./packages.mjs";
import { requireNode, requireTools } from "./tools.mjs";
import { compileTypeScript, reasonToCompile } from "./typescript.mjs";

/**
 * Makes a checkout runnable: packages, addon, compiled TypeScript. Does only what is not done yet, so that a start in a
 * ready checkout costs some tens of milliseconds.
 */
export async function prepare() {
  requireNode();
  const steps = { packages: reasonToInstallHere() !== undefined, addon: reasonToBuildHere() !== undefined };
  if (!steps.packages && !steps.addon && !reasonToCompile()) return;
  requireTools(steps);
  await withLock(async () => {
    // Asked again each time: another set-up may have done it while this one waited.
    const packages = reasonToInstallHere();
    if (packages) await installPackages(packages);
    const addon = reasonToBuildHere();
    if (addon) await buildAddon(addon);
    const typescript = reasonToCompile();
    if (typescript) await compileTypeScript(typescript);
  });
}
