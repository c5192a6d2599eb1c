import assert from "node:assert/strict";
import { appendFileSync, cpSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { type TestContext, test } from "node:test";
import { packageRoot } from "../../src/core/package-root.js";
import { setupModule, temporaryFolder } from "./checkout.js";

const { verifyUpstream } = await setupModule<{ verifyUpstream(root?: string): void }>("upstream");

const PACKAGE = "node_modules/nodejs-whisper";
const WHISPER = `${PACKAGE}/cpp/whisper.cpp`;

/** The pin and all the files that it covers. */
function copyOfUpstream(t: TestContext): string {
  const folder = temporaryFolder(t);
  const parts = ["CMakeLists.txt", "include", "src", "ggml", "cmake"].map((part) => `${WHISPER}/${part}`);
  for (const path of ["native/UPSTREAM", `${PACKAGE}/package.json`, ...parts]) {
    cpSync(join(packageRoot(), path), join(folder, path), { recursive: true });
  }
  return folder;
}

test("the installed source of whisper.cpp is the pinned one", () => {
  assert.doesNotThrow(() => verifyUpstream());
});

test("a source with one changed byte is refused, with both hashes and the remedy", (t) => {
  const folder = copyOfUpstream(t);
  verifyUpstream(folder);
  const path = join(folder, WHISPER, "src/whisper.cpp");
  const content = readFileSync(path);
  content[1000] = (content[1000] ?? 0) ^ 1;
  writeFileSync(path, content);
  const pinned = /tree: (\w{64})/.exec(readFileSync(join(folder, "native/UPSTREAM"), "utf8"))?.[1];
  assert.throws(() => verifyUpstream(folder), {
    message: new RegExp(
      `expected +nodejs-whisper 0.3.1, tree ${pinned}\n +came +nodejs-whisper 0.3.1, tree \\w{64}\n.*npm start`,
    ),
  });
});

test("a file that was added or removed is refused, one outside the pinned parts is not", (t) => {
  const folder = copyOfUpstream(t);
  const added = join(folder, WHISPER, "ggml/src/ggml-cpu/more.cpp");
  writeFileSync(join(folder, WHISPER, "README.md"), "outside");
  verifyUpstream(folder);
  writeFileSync(added, "");
  assert.throws(() => verifyUpstream(folder), /is not the one that native\/UPSTREAM pins/);
  rmSync(added);
  rmSync(join(folder, WHISPER, "include/whisper.h"));
  assert.throws(() => verifyUpstream(folder), /is not the one that native\/UPSTREAM pins/);
});

test("a package that is not installed, and a pin that is cut off, are named as such", (t) => {
  const folder = temporaryFolder(t);
  cpSync(join(packageRoot(), "native/UPSTREAM"), join(folder, "native/UPSTREAM"));
  assert.throws(() => verifyUpstream(folder), /Expected nodejs-whisper 0\.3\.1 in node_modules, found none/);
  writeFileSync(join(folder, "native/UPSTREAM"), "package: nodejs-whisper\n");
  appendFileSync(join(folder, "native/UPSTREAM"), "version: 0.3.1\n");
  assert.throws(() => verifyUpstream(folder), /native\/UPSTREAM: expected package, version/);
});
