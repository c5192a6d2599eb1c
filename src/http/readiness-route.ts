import type { FastifyRequest } from "fastify";
import type { ModelStore } from "../catalog/model-store.js";
import { sottoError } from "../core/errors.js";
import { type DecoderState, findDecoder } from "../media/decoder-check.js";
import type { Scheduler } from "../schedule/scheduler.js";

export interface ReadinessParts {
  store: ModelStore;
  scheduler: Scheduler;
  ffmpegPath: string;
}

/** Asking costs a process; a probe that comes every second, or a thousand times a second, need not. */
const DECODER_STATE_MAX_AGE_MS = 5000;

/**
 * 200 when a request sent now would be served.
 * @throws SottoError `decoder_missing`, `model_loading`, `engine_unavailable`
 */
export async function answerReadiness(_request: FastifyRequest, { store, scheduler, ffmpegPath }: ReadinessParts) {
  const decoder = await decoderState(ffmpegPath);
  if (!decoder.found) throw sottoError("decoder_missing", { remedy: decoder.remedy });
  const model = await store.find(undefined);
  switch (scheduler.stateOf(model)) {
    case "loading":
      throw sottoError("model_loading", {});
    case "failing":
      // The question starts it again, as a request would; who asks next hears how that went.
      scheduler.load(model).catch(() => {});
      throw sottoError("engine_unavailable", { reason: "its last start failed" });
  }
  // An idle model is loaded by the request itself.
  return { status: "ready", model: model.id };
}

let known: { path: string; askedMs: number; state: Promise<DecoderState> } | undefined;

function decoderState(path: string): Promise<DecoderState> {
  const nowMs = performance.now();
  if (known?.path !== path || nowMs - known.askedMs > DECODER_STATE_MAX_AGE_MS) {
    known = { path, askedMs: nowMs, state: findDecoder(path) };
  }
  return known.state;
}
