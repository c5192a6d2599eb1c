import type { FastifyRequest } from "fastify";
import type { CatalogEntry } from "../catalog/catalog.js";
import type { ModelPuller } from "../catalog/model-puller.js";
import type { InstalledModel, ModelStore } from "../catalog/model-store.js";
import { LANGUAGE_CODES } from "../core/languages.js";
import type { Scheduler } from "../schedule/scheduler.js";

interface ModelsParts {
  store: ModelStore;
  /** undefined: what is not here cannot be had. */
  puller: ModelPuller | undefined;
  scheduler: Scheduler;
}

/** OpenAI's list of models, with what Sotto knows of each beside it. */
export async function answerModels(_request: FastifyRequest, parts: ModelsParts) {
  const installed = await parts.store.list();
  const available = parts.puller?.available(installed) ?? [];
  return { object: "list", data: [...installed.map((model) => describe(model, parts)), ...available.map(announce)] };
}

/** @throws SottoError `model_not_found` */
export async function answerModel(request: FastifyRequest, parts: ModelsParts) {
  // A wildcard, since ids such as `openai/whisper-large-v3` hold slashes.
  const id = (request.params as { "*": string })["*"];
  const found = await parts.store.find(id).catch((error: unknown) => {
    const entry = parts.puller?.available([]).find((each) => each.id === id);
    if (!entry) throw error;
    return entry;
  });
  return "createdSec" in found ? describe(found, parts) : announce(found);
}

/** A model that the first request for it has pulled. */
function announce({ id, bytes, quantization, languages }: CatalogEntry) {
  return {
    id,
    object: "model",
    created: 0,
    owned_by: "sotto",
    state: "available",
    bytes: bytes ?? 0,
    quantization: quantization ?? "unknown",
    languages: languages === "en" ? ["en"] : LANGUAGE_CODES,
  };
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
