import type { ProviderSettings } from "../core/provider-settings.js";
import type { TranscribeRequest } from "../core/request.js";
import type { Segment, Transcript } from "../core/result.js";
import type { KeptUpload } from "./kept-upload.js";
import type { Wire } from "./wire.js";

/** One request, made ready for one provider. */
export interface RemoteJob {
  request: TranscribeRequest;
  /** Their name of the model; empty: they choose. */
  model: string;
  upload: KeptUpload;
  /** Of the recording, in milliseconds; undefined: not known here. */
  durationMs: number | undefined;
  /** Ours, so that both logs can be read side by side. */
  requestId: string;
}

/** Gets the text as it comes, where the client asked for a stream; the next piece waits until it has settled. */
export type OnSegments = (segments: Segment[]) => void | Promise<void>;

/** A service that can transcribe in place of the local engine. */
export interface Provider {
  readonly settings: ProviderSettings;
  readonly wire: Wire;
  /**
   * @param signal ends the exchange
   * @throws ProviderFailure; the signal's reason when it aborts
   */
  transcribe(job: RemoteJob, signal: AbortSignal, onSegments?: OnSegments): Promise<Transcript>;
}
