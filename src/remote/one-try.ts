import type { Segment, Transcript } from "../core/result.js";
import type { Attempt } from "./breaker.js";
import { estimatedMs, priceOf } from "./job-estimate.js";
import type { TryRecord } from "./overflow-record.js";
import type { OnSegments, Provider, RemoteJob } from "./provider.js";
import { ProviderFailure } from "./provider-failure.js";
import type { Bill } from "./spend-ledger.js";

/** One request and one provider, which has room for it. */
export interface Try {
  provider: Provider;
  job: RemoteJob;
  attempt: Attempt;
  bill: Bill;
  onSegments: OnSegments | undefined;
}

export interface TryResult {
  /** undefined: it failed. */
  transcript?: Transcript;
  failure?: ProviderFailure;
  /** Whether part of an answer has been handed on, so that nobody else can give it any more. */
  hasBegun: boolean;
}

/**
 * Asks a provider once; its breaker, its bill and the record then say how that went.
 * @throws the signal's reason when it aborts; the system's error when the upload cannot be read
 */
export async function tryOnce(
  { provider, job, attempt, bill, onSegments }: Try,
  signal: AbortSignal,
  onRecord: (record: TryRecord) => void,
): Promise<TryResult> {
  const startedMs = performance.now();
  const { settings } = provider;
  const record = (outcome: TryRecord["outcome"], { status, detail }: Partial<ProviderFailure> = {}) => {
    const elapsedMs = Math.round(performance.now() - startedMs);
    const said = { ...(status === undefined ? {} : { status }), ...(detail ? { detail } : {}) };
    onRecord({ provider: settings.name, model: job.model, outcome, elapsedMs, ...said });
  };
  let hasBegun = false;
  const handOn = async (segments: Segment[]) => {
    hasBegun = true;
    await onSegments?.(segments);
  };
  let billedMs = 0;
  try {
    const transcript = await provider.transcribe(job, signal, handOn);
    billedMs = transcript.durationMs || estimatedMs(job);
    attempt.succeeded();
    record("answered");
    return { transcript, hasBegun };
  } catch (error) {
    if (signal.aborted || !(error instanceof ProviderFailure)) {
      // It was sent, wholly or in part, and may have been worked on.
      billedMs = estimatedMs(job);
      attempt.abandoned();
      record("abandoned");
      throw error;
    }
    // What does not count is an answer: the provider is there.
    if (error.counts) attempt.failed(error.retryAfterMs);
    else attempt.succeeded();
    if (error.mayBeBilled) billedMs = estimatedMs(job);
    record(error.kind, error);
    return { failure: error, hasBegun };
  } finally {
    await bill.settle(priceOf(billedMs, settings));
  }
}
