import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { existsSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { pathToFileURL } from "node:url";
import { packageRoot } from "../../src/core/package-root.js";
import { setupModule, temporaryFolder } from "./checkout.js";

interface PackageManager {
  program: string;
  needsRoot: boolean;
}

const { ffmpegRemedy, installCommand, chosenFfmpeg } = await setupModule<{
  ffmpegRemedy(manager: PackageManager | undefined, isRoot: boolean): string;
  installCommand(manager: PackageManager, rights: "root" | "sudo" | "no"): string[] | undefined;
  chosenFfmpeg(args: string[], env: NodeJS.ProcessEnv): { name: string; by: string } | undefined;
}>("ffmpeg");
const { PACKAGE_MANAGERS } = await setupModule<{ PACKAGE_MANAGERS: PackageManager[] }>("package-manager");

function manager(program: string): PackageManager {
  const found = PACKAGE_MANAGERS.find((entry) => entry.program === program);
  assert.ok(found);
  return found;
}

const FFMPEG_SCRIPT = join(packageRoot(), "scripts/setup/ffmpeg.mjs");

/** What `provideFfmpeg` answers where PATH is this folder alone. */
function provideWithPath(folder: string) {
  const code = `const { provideFfmpeg } = await import("${pathToFileURL(FFMPEG_SCRIPT)}");
    console.log((await provideFfmpeg()) ?? "there");`;
  return spawnSync(process.execPath, ["--input-type=module", "-e", code], { env: { PATH: folder }, encoding: "utf8" });
}

test("the remedy is what the system's own package manager is told", () => {
  const typed = {
    "apt-get": "sudo apt-get install ffmpeg",
    dnf: "sudo dnf install ffmpeg-free",
    apk: "sudo apk add ffmpeg",
    pacman: "sudo pacman -S ffmpeg",
    zypper: "sudo zypper install ffmpeg",
    brew: "brew install ffmpeg",
  };
  for (const [program, command] of Object.entries(typed)) {
    assert.ok(ffmpegRemedy(manager(program), false).endsWith(`To get it: ${command}`), program);
    assert.ok(ffmpegRemedy(manager(program), true).endsWith(`To get it: ${command.replace("sudo ", "")}`), program);
  }
  assert.match(ffmpegRemedy(undefined, false), /install ffmpeg and put it on PATH$/);
});

test("nothing is installed where that would take a question, and brew is not run as root", () => {
  assert.deepEqual(installCommand(manager("apt-get"), "root"), ["apt-get"]);
  assert.deepEqual(installCommand(manager("apt-get"), "sudo"), ["sudo", "-n", "apt-get"]);
  assert.equal(installCommand(manager("apt-get"), "no"), undefined);
  assert.deepEqual(installCommand(manager("brew"), "no"), ["brew"]);
  assert.equal(installCommand(manager("brew"), "root"), undefined);
});

test("an ffmpeg that the operator names comes before all", () => {
  const env = { SOTTO_FFMPEG: "/env/ffmpeg" };
  assert.deepEqual(chosenFfmpeg(["--port", "0", "--ffmpeg", "/a"], env), { name: "/a", by: "--ffmpeg" });
  assert.deepEqual(chosenFfmpeg(["--ffmpeg=/a=b"], env), { name: "/a=b", by: "--ffmpeg" });
  assert.deepEqual(chosenFfmpeg(["--port", "0"], env), { name: "/env/ffmpeg", by: "SOTTO_FFMPEG" });
  assert.equal(chosenFfmpeg(["--port", "0"], {}), undefined);
});

test("package lists are refreshed when the first try fails, and standard output stays clean", (t) => {
  const folder = temporaryFolder(t);
  writeFileSync(join(folder, "sudo"), '#!/bin/sh\nshift\n[ "$1" = true ] || exec "$@"\n', { mode: 0o755 });
  const aptGet = `#!/bin/sh
echo "apt-get $*"
[ "$1" = update ] && : > ${folder}/lists && exit 0
[ -f ${folder}/lists ] && /bin/ln -s ${process.execPath} ${folder}/ffmpeg
`;
  writeFileSync(join(folder, "apt-get"), aptGet, { mode: 0o755 });
  const { stdout, stderr } = provideWithPath(folder);
  assert.equal(stdout, "there\n");
  const calls = stderr.split("\n").filter((line) => line.startsWith("apt-get"));
  const install = "apt-get install -y --no-install-recommends ffmpeg";
  assert.deepEqual(calls, [install, "apt-get update", install]);
});

test("a package manager that fails leaves the line that says what to run", (t) => {
  const folder = temporaryFolder(t);
  writeFileSync(join(folder, "sudo"), '#!/bin/sh\nshift\n[ "$1" = true ] || exec "$@"\n', { mode: 0o755 });
  writeFileSync(join(folder, "dnf"), `#!/bin/sh\n: > ${folder}/called\nexit 1\n`, { mode: 0o755 });
  assert.match(provideWithPath(folder).stdout, /^ffmpeg is missing; .* To get it: (sudo )?dnf install ffmpeg-free\n$/);
  assert.ok(existsSync(join(folder, "called")));
});
