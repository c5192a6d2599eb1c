import assert from "node:assert/strict";
import { join } from "node:path";
import type { TestContext } from "node:test";
import { ModelError } from "../../src/catalog/model-error.js";
import { type PullOptions, pullModel } from "../../src/catalog/pull.js";
import { SottoError } from "../../src/core/errors.js";
import { buildModel } from "./build-model.js";
import { startHub } from "./model-hub.js";
import { temporaryFolder } from "./temporary-folder.js";

export const MODEL = buildModel().bytes;
export const FILE = "ggml-mine.bin";

/** A hub with one model, `mine`, that no catalog knows, and an empty folder to pull it to. */
export async function setUpPull(context: TestContext) {
  const hub = await startHub(context);
  hub.files.set(`/${FILE}`, MODEL);
  const folder = join(await temporaryFolder(context), "models");
  const pull = (options: Partial<PullOptions> = {}) =>
    pullModel({ id: "mine", folder, source: hub.url, retryDelayMs: 1, ...options });
  return { hub, folder, pull, path: join(folder, FILE) };
}

/** Expects a reason for the operator. */
export async function refused(pulling: Promise<unknown>, message: RegExp) {
  await assert.rejects(pulling, (error: unknown) => {
    assert.ok(error instanceof ModelError || error instanceof SottoError, String(error));
    assert.match(error.message, message);
    return true;
  });
}
