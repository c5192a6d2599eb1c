import assert from "node:assert/strict";
import { appendFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { bareCheckout, setupModule } from "./checkout.js";

interface Stamp {
  sources: Record<string, string>;
  flags: string;
  platform: string;
  compiler: string;
  variants: string[];
  backends: string[];
}

const { describeAddon, reasonToBuild, reasonToStartOver } = await setupModule<{
  describeAddon(root?: string, wanted?: { variants?: string[]; backends?: string[] }): Stamp;
  reasonToBuild(built: Stamp | undefined, wanted: Stamp): string | undefined;
  reasonToStartOver(begun: Stamp | undefined, wanted: Stamp): string | undefined;
}>("addon-stamp");

test("an addon is up to date until one of its sources changes, comes or goes", (t) => {
  const checkout = bareCheckout(t);
  const built = describeAddon(checkout);
  assert.equal(reasonToBuild(built, describeAddon(checkout)), undefined);

  appendFileSync(join(checkout, "native/engine/engine.cpp"), "\n");
  assert.equal(reasonToBuild(built, describeAddon(checkout)), "native/engine/engine.cpp has changed");
  writeFileSync(join(checkout, "native/src/new.rs"), "");
  assert.equal(reasonToBuild(built, describeAddon(checkout)), "native/engine/engine.cpp has changed, and 1 more");

  const before = describeAddon(checkout);
  rmSync(join(checkout, "native/src/new.rs"));
  assert.equal(reasonToBuild(before, describeAddon(checkout)), "native/src/new.rs has changed");
  assert.equal(reasonToBuild(undefined, before), "it is not built yet");
});

test("an addon from another machine is built again, and its intermediate files are not used", () => {
  const here = describeAddon();
  const others: [Partial<Stamp>, RegExp][] = [
    [{ platform: "linux-other-musl" }, /built for linux-other-musl, this is/],
    [{ compiler: "c++ 1.0" }, /the compiler has changed/],
    [{ flags: "--debug" }, /flags have changed/],
  ];
  for (const [change, reason] of others) {
    assert.match(reasonToBuild({ ...here, ...change }, here) ?? "", reason);
    assert.match(reasonToStartOver({ ...here, ...change }, here) ?? "", reason);
  }
});

test("a machine without a compiler uses the addon that it got", () => {
  const built = { ...describeAddon(), compiler: "c++ 12.2.0" };
  assert.equal(reasonToBuild(built, { ...built, compiler: "" }), undefined);
});

test("intermediate files serve again after a change of code, not after one of the build's own files", () => {
  const wanted = describeAddon();
  const begun = (path: string) => ({ ...wanted, sources: { ...wanted.sources, [path]: "other" } });
  assert.equal(reasonToStartOver(begun("engine/engine.cpp"), wanted), undefined);
  for (const path of ["CMakeLists.txt", "build.rs", "UPSTREAM"]) {
    assert.equal(reasonToStartOver(begun(path), wanted), `native/${path} has changed`);
  }
  assert.ok(reasonToStartOver(undefined, wanted), "what nobody described is not trusted");
});

test("an addon that lacks a variant or a backend is built again, and one that has more is not", () => {
  const built = describeAddon(undefined, { variants: ["zen4", "x64"], backends: ["vulkan"] });
  const reason = (variants: string[], backends: string[] = []) =>
    reasonToBuild(built, describeAddon(undefined, { variants, backends }));
  assert.equal(reason(["x64"]), undefined);
  assert.equal(reason(["zen4"], ["vulkan"]), undefined);
  assert.equal(reason(["haswell", "x64"], ["cuda"]), "it lacks haswell and cuda");
});
