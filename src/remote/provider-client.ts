import type { ProviderSettings } from "../core/provider-settings.js";
import type { Segment, Transcript } from "../core/result.js";
import { assembleTranscript } from "./assemble.js";
import { Call } from "./call.js";
import { readEvents } from "./event-reader.js";
import type { Heard } from "./heard.js";
import { OVERFLOW_HEADER } from "./hop.js";
import { expectedWorkMs, priceOf } from "./job-estimate.js";
import { formBody } from "./multipart.js";
import type { OnSegments, Provider, RemoteJob } from "./provider.js";
import { refusalOf } from "./refusal-of.js";
import type { Wire } from "./wire.js";
import { WIRES } from "./wires/wires.js";

/** Of a refusal's body: more says nothing more. */
const MAX_REFUSAL_BYTES = 64 * 1024;

export interface ProviderClientOptions {
  settings: ProviderSettings;
  /** undefined: it asks for none. */
  key: string | undefined;
  /** For a try where the settings name none, in milliseconds. */
  timeoutMs: number;
}

/** A provider over HTTP, in whichever of the five dialects it speaks. */
export class ProviderClient implements Provider {
  readonly settings: ProviderSettings;
  readonly wire: Wire;
  /** Private, so that no log that is given the client can show it. */
  readonly #key: string | undefined;
  readonly #timeoutMs: number;

  constructor({ settings, key, timeoutMs }: ProviderClientOptions) {
    this.settings = settings;
    this.wire = WIRES[settings.dialect];
    this.#key = key;
    this.#timeoutMs = settings.timeoutMs ?? timeoutMs;
  }

  async transcribe(job: RemoteJob, signal: AbortSignal, onSegments?: OnSegments): Promise<Transcript> {
    const startedMs = performance.now();
    const written = this.wire.write(job.request, job.model);
    const { path, bytes, kind } = job.upload;
    const { connectTimeoutMs, firstByteTimeoutMs } = this.settings;
    const workMs = expectedWorkMs(job, this.settings);
    const parts = {
      url: `${this.settings.baseUrl}${written.path}`,
      headers: {
        "x-request-id": job.requestId,
        [OVERFLOW_HEADER]: "1",
        ...written.headers,
        ...(this.#key === undefined ? {} : { authorization: `Bearer ${this.#key}` }),
      },
      body: formBody(written.fields, { path, bytes, name: `audio.${kind ?? "bin"}` }),
      times: {
        connectMs: connectTimeoutMs,
        firstByteMs: firstByteTimeoutMs + workMs,
        totalMs: this.#timeoutMs + workMs,
      },
    };
    using call = await Call.send(parts, signal);
    if (call.status !== 200) {
      const body = await call.text(MAX_REFUSAL_BYTES);
      const refusal = { status: call.status, retryAfter: call.header("retry-after"), body, key: this.#key };
      throw refusalOf(refusal, Date.now());
    }
    const isStream = job.request.stream && /^text\/event-stream\b/i.test(call.header("content-type") ?? "");
    const heard = isStream ? await this.#hearEvents(call, onSegments) : this.wire.read(await call.text());
    const known = { provider: this.settings.name, model: job.model, durationMs: job.durationMs };
    const elapsedMs = performance.now() - startedMs;
    const assembled = assembleTranscript(heard, job.request, { ...known, elapsedMs });
    const transcript = { ...assembled, costUsd: priceOf(assembled.durationMs, this.settings) };
    // A service without streams: all at once is late, but in the shape that was asked for.
    if (!isStream && job.request.stream) await call.notCounting(Promise.resolve(onSegments?.(transcript.segments)));
    return transcript;
  }

  #hearEvents(call: Call, onSegments: OnSegments | undefined): Promise<Heard> {
    return readEvents(call.chunks(), async ({ text, logprobs }) => {
      const segment: Segment = { ...UNTIMED, text, ...(logprobs ? { logprobs } : {}) };
      await call.notCounting(Promise.resolve(onSegments?.([segment])));
    });
  }
}

/** Of a delta only its text is known. */
const UNTIMED: Omit<Segment, "text"> = {
  startMs: 0,
  endMs: 0,
  tokens: [],
  seekMs: 0,
  temperature: 0,
  avgLogprob: 0,
  compressionRatio: 1,
  noSpeechProb: 0,
};
