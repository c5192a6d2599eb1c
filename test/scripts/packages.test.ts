import assert from "node:assert/strict";
import { test } from "node:test";
import { setupModule } from "./checkout.js";

type Packages = Record<
  string,
  { version: string; integrity?: string; optional?: boolean; os?: string[]; cpu?: string[] }
>;

const { reasonToInstall, reasonToInstallHere } = await setupModule<{
  reasonToInstall(wanted: Packages, installed: Packages | undefined, machine: object): string | undefined;
  reasonToInstallHere(): string | undefined;
}>("packages");

const MACHINE = { platform: "linux", arch: "x64" };
const LINUX = { version: "1.0.0", optional: true, os: ["linux"], cpu: ["x64"] };
const MAC = { version: "1.0.0", optional: true, os: ["darwin"], cpu: ["arm64"] };
const WANTED: Packages = {
  "": { version: "0.1.0" },
  "node_modules/a": { version: "1.0.0", integrity: "sha512-a" },
  "node_modules/a/node_modules/b": { version: "2.0.0", integrity: "sha512-b" },
  "node_modules/tool-linux": LINUX,
  "node_modules/tool-mac": MAC,
};
const { "": _root, "node_modules/tool-mac": _mac, ...INSTALLED } = WANTED;

const reason = (change: Packages) => reasonToInstall(WANTED, { ...INSTALLED, ...change }, MACHINE);

test("packages that match the lock are left alone, those of other platforms being absent", () => {
  assert.equal(reason({}), undefined);
  assert.equal(reasonToInstallHere(), undefined, "in this checkout, whose tests run");
});

test("each way to differ from the lock has its reason", () => {
  assert.equal(reasonToInstall(WANTED, undefined, MACHINE), "they are not installed yet");
  const { "node_modules/a/node_modules/b": _b, ...withoutB } = INSTALLED;
  assert.equal(reasonToInstall(WANTED, withoutB, MACHINE), "b is missing");
  assert.equal(reason({ "node_modules/a": { version: "1.0.1", integrity: "sha512-a" } }), "a has changed");
  assert.equal(reason({ "node_modules/a": { version: "1.0.0", integrity: "sha512-x" } }), "a has changed");
  assert.equal(reason({ "node_modules/@c/c": { version: "1.0.0" } }), "@c/c is not wanted any more");
});

test("packages that came along from another machine are installed again", () => {
  assert.equal(reason({ "node_modules/tool-mac": MAC }), "tool-mac is for another machine");
  assert.equal(reason({ "node_modules/tool-linux": { ...LINUX, os: ["!win32"] } }), undefined);
});

test("a package that the lock has without a hash may have one once it is installed", () => {
  assert.equal(reason({ "node_modules/tool-linux": { ...LINUX, integrity: "sha512-l" } }), undefined);
});
