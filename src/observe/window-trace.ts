import type { Window } from "../core/audio.js";
import type { WindowResult } from "../core/window.js";
import { type Span, UNTRACED } from "./trace.js";

/**
 * Spans of a request's windows. They are told once a window is done: it ended when the scheduler said so, and took what the
 * engine says that it took; what lies between is the wait for its turn.
 */
export class WindowTrace {
  readonly #span: Span;
  readonly #endedMs = new Map<Window, number>();
  /** When the first window was there. */
  #plannedMs: number | undefined;

  constructor(span: Span) {
    this.#span = span;
  }

  /** The same windows; looks at when the first comes. */
  watch(windows: AsyncIterator<Window>): AsyncIterator<Window> {
    if (this.#span === UNTRACED) return windows;
    return {
      next: async () => {
        const taken = await windows.next();
        this.#plannedMs ??= performance.now();
        return taken;
      },
    };
  }

  done(window: Window): void {
    if (this.#span !== UNTRACED) this.#endedMs.set(window, performance.now());
  }

  decoded({ window, result }: { window: Window; result: WindowResult }): void {
    if (this.#span === UNTRACED) return;
    const endedMs = this.#endedMs.get(window) ?? performance.now();
    this.#endedMs.delete(window);
    const { timings, tokenCounts, fallbacks } = result;
    const workMs = Object.values(timings).reduce((sum, ms) => sum + ms, 0);
    const attributes = {
      "sotto.tokens": tokenCounts.completion,
      "sotto.fallbacks": fallbacks,
      "sotto.suppressed": result.suppressed.length,
    };
    this.#span.child("window", { attributes, startedMs: endedMs - workMs }).end({ endedMs });
  }

  /** @param queueMs from the first window until it had its turn, the model's loading included */
  waited(queueMs: number): void {
    if (this.#plannedMs === undefined) return;
    const startedMs = this.#plannedMs;
    this.#span.child("queue wait", { startedMs }).end({ endedMs: startedMs + queueMs });
  }
}
