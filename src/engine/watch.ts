import type { Pace } from "./pace.js";

/** How often an engine process says that it lives, and how often the server looks. */
export const PULSE_MS = 1000;
/** A process that says nothing for that long is stopped or hangs as a whole; its main thread never computes. */
const SILENCE_MS = 10_000;

/** Steps made so far by each window that is being computed. */
export type Steps = readonly (readonly [jobId: number, steps: number])[];

/** `silent`: nothing comes from the process; `stuck`: it lives, but a window in it makes no step. */
export type Fault = "silent" | "stuck";

interface Watched {
  steps: number;
  movedMs: number;
}

/** Tells from what an engine process says, and does not say, whether it hangs. */
export class Watch {
  readonly #pace: Pace;
  readonly #now: () => number;
  readonly #silenceMs: number;
  readonly #windows = new Map<number, Watched>();
  #heardMs: number;
  #lookedMs: number;

  constructor(pace: Pace, { now = () => performance.now(), silenceMs = SILENCE_MS } = {}) {
    this.#pace = pace;
    this.#now = now;
    this.#silenceMs = silenceMs;
    this.#heardMs = this.#lookedMs = now();
  }

  begin(jobId: number): void {
    this.#windows.set(jobId, { steps: 0, movedMs: this.#now() });
  }

  end(jobId: number): void {
    this.#windows.delete(jobId);
  }

  heard(steps: Steps): void {
    const nowMs = this.#now();
    this.#heardMs = nowMs;
    for (const [jobId, count] of steps) {
      const window = this.#windows.get(jobId);
      if (!window || window.steps === count) continue;
      window.steps = count;
      window.movedMs = nowMs;
    }
  }

  /** To be asked every {@link PULSE_MS}. */
  fault(): Fault | undefined {
    const nowMs = this.#now();
    // The server itself was stopped or starved: what it did not hear meanwhile says nothing about the engine.
    const missedMs = Math.max(0, nowMs - this.#lookedMs - 2 * PULSE_MS);
    this.#lookedMs = nowMs;
    this.#heardMs += missedMs;
    for (const window of this.#windows.values()) window.movedMs += missedMs;

    if (nowMs - this.#heardMs > this.#silenceMs) return "silent";
    const oldestMs = Math.min(...[...this.#windows.values()].map(({ movedMs }) => movedMs));
    return nowMs - oldestMs > this.#pace.stepBudgetMs ? "stuck" : undefined;
  }
}
