import type { InstalledModel } from "../catalog/model-store.js";
import { SottoError } from "../core/errors.js";
import type { TranscribeRequest } from "../core/request.js";
import type { Segment, Transcript } from "../core/result.js";
import type { Overflow, OverflowListeners, OverflowOutcome } from "../remote/overflow.js";
import type { OverflowReason } from "../remote/overflow-record.js";
import type { Listeners, Recording, Transcriber } from "../transcriber.js";
import type { RequestHold } from "./request-hold.js";

/** A request whose recording has arrived. */
export interface ReadyRequest {
  parsed: TranscribeRequest;
  recording: Recording;
  /** `model_not_found` where a provider may serve a model that is not here. */
  model: InstalledModel | SottoError;
  hold: Standing;
  requestId: string;
}

export interface ServingParts {
  transcriber: Pick<Transcriber, "transcribe">;
  /** undefined: the request may not go to a remote provider. */
  overflow: Pick<Overflow, "transcribe" | "overflowAfterMs"> | undefined;
}

/** Of what a request holds, what says where it stands. */
type Standing = Pick<
  RequestHold,
  "refusal" | "arrived" | "expectedWaitMs" | "loadAhead" | "stepAside" | "stepBack" | "ticket"
>;

type Serving = Omit<OverflowListeners, "onSegments"> & Pick<Listeners, "onSegments">;

/**
 * The local engine serves first, always. Elsewhere a request is served when its wait would be too long, when there is no
 * place, or when the local engine cannot serve its model and the request lets another do it (contract, section 6). What no
 * provider does is done here after all wherever it can be.
 * @throws SottoError; the signal's reason when it aborts
 */
export async function serveLocalOrRemote(
  { parsed, recording, model, hold, requestId }: ReadyRequest,
  { transcriber, overflow }: ServingParts,
  signal: AbortSignal,
  { onAsk, onRecord, onSegments }: Serving,
): Promise<Transcript> {
  let hasBegun = false;
  const handOn =
    onSegments &&
    ((segments: Segment[]) => {
      hasBegun = true;
      return onSegments(segments);
    });
  const here = (installed: InstalledModel) => {
    onAsk?.({ provider: "local", model: installed.id });
    return transcriber.transcribe({ ...recording, ticket: hold.ticket }, parsed, installed, signal, {
      onSegments: handOn,
    });
  };
  const elsewhere = async (reason: OverflowReason): Promise<OverflowOutcome> => {
    if (!overflow) return { kind: "no_candidate" };
    const names = [parsed.model, model instanceof SottoError ? undefined : model.id];
    const modelNames = names.filter((name) => name !== undefined);
    const job = { request: parsed, reason, modelNames, uploadPath: recording.inputPath, requestId };
    const outcome = await overflow.transcribe(job, signal, { onAsk, onRecord, onSegments: handOn });
    if (outcome.kind === "failed" && outcome.hasBegun) throw outcome.error;
    return outcome;
  };

  if (model instanceof SottoError) return instead(await aside(hold, () => elsewhere("model")), () => model);
  await hold.arrived(model, recording.inputPath);
  if (hold.refusal()) {
    const outcome = await elsewhere("queue_full");
    if (outcome.kind === "answered") return outcome.transcript;
    // Meanwhile a place may have become free.
    const refusal = hold.refusal();
    // Asked for its error only now: with each a client is promised a place.
    return refusal ? instead(outcome, () => refusal.toError()) : here(model);
  }
  if (overflow && hold.expectedWaitMs > overflow.overflowAfterMs) {
    hold.loadAhead(model);
    const outcome = await aside(hold, () => elsewhere("wait"));
    if (outcome.kind === "answered") return outcome.transcript;
  }
  try {
    return await here(model);
  } catch (error) {
    const isUnserved = error instanceof SottoError && error.code === "engine_unavailable" && !hasBegun;
    if (!isUnserved || !overflow || !parsed.enableModelFallback) throw error;
    return instead(await aside(hold, () => elsewhere("model")), () => error);
  }
}

/** While it is elsewhere it stands in nobody's way here. */
async function aside(hold: Standing, serve: () => Promise<OverflowOutcome>): Promise<OverflowOutcome> {
  hold.stepAside();
  const outcome = await serve();
  if (outcome.kind !== "answered") hold.stepBack();
  return outcome;
}

/** The provider's answer; where there is none, the error that counts for the client. */
function instead(outcome: OverflowOutcome, error: () => SottoError): Transcript {
  if (outcome.kind === "answered") return outcome.transcript;
  throw outcome.kind === "failed" ? outcome.error : error();
}
