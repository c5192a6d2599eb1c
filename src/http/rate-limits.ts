import type { RateLimiterMemory, RateLimiterRes } from "rate-limiter-flexible";
import type { Caller } from "../auth/caller.js";
import { sottoError } from "../core/errors.js";

/** Most a caller may ask for in a minute; undefined: no limit. */
export interface RateLimitOptions {
  requests: number | undefined;
  audioSeconds: number | undefined;
}

const MINUTE_SEC = 60;

/** One kind of thing that is counted, by callers, in minutes that begin with a caller's first request. */
interface Counter {
  /** As headers and messages name it. */
  what: "requests" | "audio-seconds";
  limit: number;
  limiter: RateLimiterMemory;
}

/** Counts what each caller asks for. Callers without a key are one. */
export class RateLimits {
  readonly #counters: readonly Counter[];

  private constructor(counters: readonly Counter[]) {
    this.#counters = counters;
  }

  /** @returns undefined where nothing is limited */
  static async create({ requests, audioSeconds }: RateLimitOptions): Promise<RateLimits | undefined> {
    if (requests === undefined && audioSeconds === undefined) return undefined;
    // Most servers limit nothing, and need not hold the code in memory.
    const { RateLimiterMemory } = await import("rate-limiter-flexible");
    const counter = (what: Counter["what"], limit: number | undefined): Counter[] =>
      limit === undefined
        ? []
        : [{ what, limit, limiter: new RateLimiterMemory({ keyPrefix: what, points: limit, duration: MINUTE_SEC }) }];
    return new RateLimits([...counter("requests", requests), ...counter("audio-seconds", audioSeconds)]);
  }

  /**
   * Counts a request.
   * @returns `x-ratelimit-*` for its reply, as OpenAI names and writes them
   * @throws SottoError `rate_limited`, also for audio that was heard before; `headers` get what is left even then
   */
  async enter(caller: Caller, headers: Map<string, string>): Promise<void> {
    let refusal: { what: string; limit: number; waitMs: number } | undefined;
    for (const { what, limit, limiter } of this.#counters) {
      const isRequest = what === "requests";
      const state = isRequest ? await limiter.penalty(keyOf(caller), 1) : await limiter.get(keyOf(caller));
      const used = state?.consumedPoints ?? 0;
      headers.set(`x-ratelimit-limit-${what}`, String(limit));
      headers.set(`x-ratelimit-remaining-${what}`, String(Math.max(0, Math.floor(limit - used))));
      headers.set(`x-ratelimit-reset-${what}`, `${Math.ceil((state?.msBeforeNext ?? 0) / 1000)}s`);
      const isOver = isRequest ? used > limit : used >= limit;
      if (isOver && state && !refusal) refusal = { what, limit, waitMs: waitMs(state, limit, isRequest) };
    }
    if (!refusal) return;
    const retryAfterSec = Math.max(1, Math.ceil(refusal.waitMs / 1000));
    const details = { limit: refusal.limit, what: refusal.what.replace("-", " "), retryAfterSec };
    throw sottoError("rate_limited", details, { retryAfterSec });
  }

  /** Counts audio that was heard for a caller. */
  async hear(caller: Caller, audioSeconds: number): Promise<void> {
    const counter = this.#counters.find(({ what }) => what === "audio-seconds");
    await counter?.limiter.penalty(keyOf(caller), audioSeconds);
  }
}

function keyOf({ kind, name }: Caller): string {
  return `${kind} ${name}`;
}

/** Of all that are refused in a minute each is told a minute that still has room for it. */
function waitMs({ msBeforeNext, consumedPoints }: RateLimiterRes, limit: number, isRequest: boolean): number {
  if (!isRequest) return msBeforeNext;
  const refusedBefore = consumedPoints - limit - 1;
  return msBeforeNext + Math.floor(refusedBefore / limit) * MINUTE_SEC * 1000;
}
