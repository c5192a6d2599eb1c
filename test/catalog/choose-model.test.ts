import assert from "node:assert/strict";
import { test } from "node:test";
import { chooseModel } from "../../src/catalog/choose-model.js";
import type { InstalledModel } from "../../src/catalog/model-store.js";
import { SottoError } from "../../src/core/errors.js";

const model = (id: string, quantization: string, demonstration?: string) =>
  ({ id, quantization, demonstration, parameterCount: 1 }) as InstalledModel;
/** A store whose default is its first model. */
const storeOf = (...models: InstalledModel[]) => ({
  list: async () => models,
  find: async (name: string | undefined) => models.find(({ id }) => id === name) ?? (models[0] as InstalledModel),
});
const q8 = model("base-q8_0", "q8_0");
const f16 = model("base", "f16");

test("where quantization is allowed the named model serves", async () => {
  const chosen = await chooseModel(storeOf(q8, f16), { model: "base-q8_0", allowQuantization: true });
  assert.equal(chosen.id, "base-q8_0");
});

test("where it is not, a quantized model that was named is refused, and one that was not is passed over", async () => {
  const store = storeOf(q8, f16);
  await assert.rejects(
    chooseModel(store, { model: "base-q8_0", allowQuantization: false }),
    (error) =>
      error instanceof SottoError && error.param === "allow_quantization" && /unquantized: base\)/.test(error.message),
  );
  for (const name of [undefined, "whisper-1", "base"]) {
    assert.equal((await chooseModel(store, { model: name, allowQuantization: false })).id, "base");
  }
});

test("where nothing unquantized is installed the quantized model serves", async () => {
  const store = storeOf(q8, model("tiny-demo", "f16", "digits"));
  assert.equal((await chooseModel(store, { model: "base-q8_0", allowQuantization: false })).id, "base-q8_0");
});
