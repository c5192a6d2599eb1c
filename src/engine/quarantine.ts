/**
 * Windows that were in an engine when it died are suspects, and only one of them did it. Each is tried again alone, so
 * that the one that takes the engine down a second time falls by itself; all others wait meanwhile.
 */
export class Quarantine {
  #sharing = 0;
  /** Settles when the last of the tasks that run alone is done; undefined: none is waiting or running. */
  #lastAlone: Promise<void> | undefined;
  #onNoneSharing: (() => void) | undefined;

  /** Runs `task` beside others, once nothing runs alone. */
  async share<T>(task: () => Promise<T>): Promise<T> {
    while (this.#lastAlone) await this.#lastAlone;
    this.#sharing++;
    try {
      return await task();
    } finally {
      if (--this.#sharing === 0) this.#onNoneSharing?.();
    }
  }

  /** Runs `task` when nothing else does. In the order of the calls; goes before all that wait to share. */
  async alone<T>(task: () => Promise<T>): Promise<T> {
    const before = this.#lastAlone;
    const run = async () => {
      await before;
      if (this.#sharing > 0) await new Promise<void>((resolve) => (this.#onNoneSharing = resolve));
      return task();
    };
    const outcome = run();
    const done = outcome.then(
      () => {},
      () => {},
    );
    this.#lastAlone = done;
    try {
      return await outcome;
    } finally {
      if (this.#lastAlone === done) this.#lastAlone = undefined;
    }
  }
}
