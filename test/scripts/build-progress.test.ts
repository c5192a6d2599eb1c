import assert from "node:assert/strict";
import { test } from "node:test";
import { setupModule } from "./checkout.js";

const { condense } = await setupModule<{ condense(line: string): string | undefined }>("build-progress");

test("what cargo, make and ninja say becomes one short line", () => {
  const heard = {
    "   Compiling napi-derive v3.7.0": "building the engine: its Rust parts (napi-derive)",
    "   Compiling sotto-native v0.1.0 (/somewhere/native)": "building the engine",
    "[sotto-native 0.1.0] [  3%] Building C object ggml/src/ggml.c.o": "building the engine: 3 %",
    "[sotto-native 0.1.0] [100%] Built target sotto_engine": "building the engine: 100 %",
    "[sotto-native 0.1.0] [41/128] Building CXX object x.o": "building the engine: 41/128",
  };
  for (const [line, short] of Object.entries(heard)) assert.equal(condense(line), short);
});

test("everything else says nothing", () => {
  for (const line of [
    "",
    "     Running `rustc …`",
    "[sotto-native 0.1.0] -- Detecting CXX compiler",
    "warning: unused",
  ]) {
    assert.equal(condense(line), undefined);
  }
});
