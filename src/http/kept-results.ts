interface Kept<Result> {
  /** Digest of the request that it answers. */
  content: string;
  result: Result;
  bytes: number;
  timer: NodeJS.Timeout;
}

export interface KeptResultsLimits {
  keepMs: number;
  /** Of all results together, as JSON; the oldest go first. */
  maxBytes: number;
}

const LIMITS: KeptResultsLimits = { keepMs: 10 * 60_000, maxBytes: 64 * 1024 ** 2 };

/** Results of finished work under the keys that clients gave it, for those whose answer was lost on the way. */
export class KeptResults<Result> {
  readonly #limits: KeptResultsLimits;
  /** In the order they came. */
  readonly #kept = new Map<string, Kept<Result>>();
  #bytes = 0;

  constructor(limits: Partial<KeptResultsLimits> = {}) {
    this.#limits = { ...LIMITS, ...limits };
  }

  get(key: string): { content: string; result: Result } | undefined {
    return this.#kept.get(key);
  }

  put(key: string, content: string, result: Result): void {
    this.#drop(key);
    const { keepMs, maxBytes } = this.#limits;
    const bytes = Buffer.byteLength(JSON.stringify(result));
    // Transcripts are nobody's business: they go when their time is over, not when somebody next asks.
    const timer = setTimeout(() => this.#drop(key), keepMs);
    timer.unref();
    this.#kept.set(key, { content, result, bytes, timer });
    this.#bytes += bytes;
    for (const oldest of this.#kept.keys()) {
      if (this.#bytes <= maxBytes) break;
      this.#drop(oldest);
    }
  }

  #drop(key: string): void {
    const kept = this.#kept.get(key);
    if (!kept) return;
    clearTimeout(kept.timer);
    this.#kept.delete(key);
    this.#bytes -= kept.bytes;
  }
}
