import type { FastifyRequest } from "fastify";
import type { InstalledModel, ModelStore } from "../catalog/model-store.js";
import type { Scheduler } from "../schedule/scheduler.js";

interface ModelsParts {
  store: ModelStore;
  scheduler: Scheduler;
}

/** OpenAI's list of models, with what Sotto knows of each beside it. */
export async function answerModels(_request: FastifyRequest, parts: ModelsParts) {
  const installed = await parts.store.list();
  return { object: "list", data: installed.map((model) => describe(model, parts)) };
}

/** @throws SottoError `model_not_found` */
export async function answerModel(request: FastifyRequest, parts: ModelsParts) {
  // A wildcard, since ids such as `openai/whisper-large-v3` hold slashes.
  const id = (request.params as { "*": string })["*"];
  return describe(await parts.store.find(id), parts);
}

function describe(model: InstalledModel, { scheduler }: ModelsParts) {
  return {
    id: model.id,
    object: "model",
    created: model.createdSec,
    owned_by: "sotto",
    state: scheduler.stateOf(model) === "ready" ? "loaded" : "on_disk",
    bytes: model.bytes,
    quantization: model.quantization,
    languages: model.languages,
  };
}
