import { cpSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import type { TestContext } from "node:test";
import { pathToFileURL } from "node:url";
import { packageRoot } from "../../src/core/package-root.js";

/** A folder that is gone after the test. */
export function temporaryFolder(t: TestContext): string {
  const folder = mkdtempSync(join(tmpdir(), "sotto-scripts-"));
  t.after(() => rmSync(folder, { recursive: true, force: true }));
  return folder;
}

/** Writes files, given by their paths relative to the folder. */
export function writeFiles(folder: string, files: Record<string, string>): void {
  for (const [path, content] of Object.entries(files)) {
    mkdirSync(dirname(join(folder, path)), { recursive: true });
    writeFileSync(join(folder, path), content);
  }
}

/** A checkout with the real scripts and the real native sources, and nothing installed or built. */
export function bareCheckout(t: TestContext): string {
  const folder = temporaryFolder(t);
  const root = packageRoot();
  for (const path of [
    "package.json",
    "package-lock.json",
    "native/UPSTREAM",
    "native/Cargo.toml",
    "native/Cargo.lock",
  ]) {
    cpSync(join(root, path), join(folder, path));
  }
  for (const path of ["native/build.rs", "native/CMakeLists.txt", "native/engine", "native/src", "scripts/setup"]) {
    cpSync(join(root, path), join(folder, path), { recursive: true });
  }
  for (const name of ["start.mjs", "setup.mjs", "build-native.mjs", "test.mjs"]) {
    cpSync(join(root, "scripts", name), join(folder, "scripts", name));
  }
  return folder;
}

/** A module of scripts/setup; those of a copied checkout act on that checkout. */
export async function setupModule<Module>(name: string, checkout = packageRoot()): Promise<Module> {
  return (await import(pathToFileURL(join(checkout, "scripts/setup", `${name}.mjs`)).href)) as Module;
}
