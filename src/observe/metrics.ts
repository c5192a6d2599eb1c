import type { Transcript } from "../core/result.js";
import { Counter, Gauge, Histogram, Registry } from "./metric-types.js";

/** What a moment looks like; asked for when somebody reads the metrics. */
export interface Moment {
  /** Requests that have been let in and are not answered yet. */
  inside: number;
  /** Windows that are being decoded, and those that wait for their turn. */
  windows: { running: number; waiting: number };
  /** Of each model that is loaded or loading. */
  engines: readonly { model: string; state: string; residentBytes: number }[];
  spoolBytes: number;
}

/** Seconds; a request may be a word or a day. */
const DURATION_BUCKETS_SEC = [0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60, 300, 1800, 7200];
const WAIT_BUCKETS_SEC = [0.01, 0.05, 0.1, 0.5, 1, 5, 10, 30, 60, 300];
const REAL_TIME_FACTOR_BUCKETS = [0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2];

/** What Prometheus may ask of a server. Names and units as https://prometheus.io/docs/practices/naming/ has them. */
export class Metrics {
  readonly contentType: string;
  readonly #registry = new Registry();
  readonly #requests;
  readonly #durations;
  readonly #joined;
  readonly #audio;
  readonly #windows;
  readonly #tokens;
  readonly #waits;
  readonly #factors;
  readonly #suppressed;
  readonly #fallbacks;
  readonly #ends;
  readonly #overflows;
  /** Sets what is no count but a state. */
  readonly #look: () => Promise<void>;

  /** @param moment asked for whenever the metrics are read */
  constructor(moment: () => Moment | Promise<Moment>) {
    const registers = [this.#registry];
    const counter = <Label extends string>(name: string, help: string, labelNames: Label[] = []) =>
      new Counter({ name: `sotto_${name}_total`, help, labelNames, registers });
    const histogram = <Label extends string>(name: string, help: string, buckets: number[], labelNames: Label[] = []) =>
      new Histogram({ name: `sotto_${name}`, help, buckets, labelNames, registers });
    const gauge = <Label extends string>(name: string, help: string, labelNames: Label[] = []) =>
      new Gauge({ name: `sotto_${name}`, help, labelNames, registers });

    this.contentType = this.#registry.contentType;
    this.#requests = counter("requests", "Requests answered", ["dialect", "status"]);
    this.#durations = histogram("request_duration_seconds", "From the headers to the answer", DURATION_BUCKETS_SEC, [
      "dialect",
    ]);
    this.#joined = counter("joined_requests", "Requests answered with the result of the same request under way");
    this.#audio = counter("audio_seconds", "Audio transcribed", ["model", "provider"]);
    this.#windows = counter("windows", "Windows decoded", ["model"]);
    this.#tokens = counter("tokens", "Tokens in Whisper's own count", ["model", "kind"]);
    this.#waits = histogram("queue_wait_seconds", "Until a request's first window had its turn", WAIT_BUCKETS_SEC);
    this.#factors = histogram("real_time_factor", "Time of the work over time of the audio", REAL_TIME_FACTOR_BUCKETS, [
      "model",
    ]);
    this.#suppressed = counter("suppressed_seconds", "Audio whose text was held back", ["model", "reason"]);
    this.#fallbacks = counter("fallbacks", "Decodings tried again at a higher temperature", ["model"]);
    this.#overflows = counter("overflows", "Requests offered to remote providers", ["reason", "provider"]);
    this.#ends = counter("engine_ends", "Engine processes that ended without being asked to", ["cause"]);

    const inside = gauge("requests_inside", "Requests let in and not answered yet");
    const windows = gauge("windows_now", "Windows being decoded, and waiting for their turn", ["state"]);
    const states = gauge("engine_state", "1 for the state that a model's engine is in", ["model", "state"]);
    const resident = gauge("engine_resident_bytes", "Resident memory of a model's engine", ["model"]);
    const spool = gauge("spool_bytes", "Uploads and decoded audio on disk");
    const own = gauge("process_resident_bytes", "Resident memory of the server's own process");
    this.#look = async () => {
      const now = await moment();
      inside.set(now.inside);
      windows.set({ state: "running" }, now.windows.running);
      windows.set({ state: "waiting" }, now.windows.waiting);
      states.reset();
      resident.reset();
      for (const { model, state, residentBytes } of now.engines) {
        states.set({ model, state }, 1);
        resident.set({ model }, residentBytes);
      }
      spool.set(now.spoolBytes);
      own.set(process.memoryUsage.rss());
    };
  }

  answered(dialect: string, status: number, durationMs: number): void {
    this.#requests.inc({ dialect, status: String(status) });
    this.#durations.observe({ dialect }, durationMs / 1000);
  }

  joined(): void {
    this.#joined.inc();
  }

  transcribed({ model, provider, durationMs, work, windowCount, tokenCounts, suppressed }: Transcript): void {
    this.#audio.inc({ model, provider }, durationMs / 1000);
    this.#windows.inc({ model }, windowCount);
    this.#tokens.inc({ model, kind: "prompt" }, tokenCounts.prompt);
    this.#tokens.inc({ model, kind: "completion" }, tokenCounts.completion);
    this.#waits.observe(work.queueMs / 1000);
    if (durationMs > 0) this.#factors.observe({ model }, work.elapsedMs / durationMs);
    this.#fallbacks.inc({ model }, work.fallbacks);
    for (const { reason, startMs, endMs } of suppressed) {
      this.#suppressed.inc({ model, reason }, (endMs - startMs) / 1000);
    }
  }

  /** @param provider who answered; null: nobody */
  overflowed(reason: string, provider: string | null): void {
    this.#overflows.inc({ reason, provider: provider ?? "none" });
  }

  /** @param cause `crash` when native code ended it or it hung, `kill` when somebody from outside did */
  engineEnded(cause: "crash" | "kill"): void {
    this.#ends.inc({ cause });
  }

  /** All of it, in the text format of Prometheus. */
  async text(): Promise<string> {
    await this.#look();
    return this.#registry.metrics();
  }
}
