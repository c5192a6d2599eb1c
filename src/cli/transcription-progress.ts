import type { Writable } from "node:stream";
import { SingleBar } from "cli-progress";

/** A bar on a terminal that says how far into a recording the work has come; nothing in a pipe. */
export class TranscriptionProgress implements Disposable {
  readonly #name: string;
  readonly #stream: Writable & { isTTY?: boolean };
  #bar: SingleBar | undefined;
  #doneMs = 0;

  constructor(name: string, stream: Writable & { isTTY?: boolean }) {
    this.#name = name;
    this.#stream = stream;
  }

  /** @param totalMs undefined while nobody knows it */
  update(doneMs: number, totalMs: number | undefined): void {
    if (!this.#stream.isTTY || totalMs === undefined) return;
    // Windows that are decoded side by side end in any order.
    this.#doneMs = Math.max(this.#doneMs, doneMs);
    if (!this.#bar) {
      this.#bar = new SingleBar({
        format: `${this.#name} [{bar}] {percentage} %, {eta_formatted} to go`,
        barCompleteChar: "#",
        barIncompleteChar: "-",
        hideCursor: true,
        clearOnComplete: true,
        stream: this.#stream as NodeJS.WritableStream,
      });
      this.#bar.start(totalMs, 0);
    }
    this.#bar.update(this.#doneMs);
  }

  /** Leaves the terminal as it was. */
  stop(): void {
    this.#bar?.stop();
    this.#bar = undefined;
  }

  [Symbol.dispose](): void {
    this.stop();
  }
}
