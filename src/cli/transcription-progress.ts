import type { Writable } from "node:stream";
import { SingleBar } from "cli-progress";

/** A bar on a terminal that counts the windows of a recording; nothing in a pipe. */
export class TranscriptionProgress implements Disposable {
  readonly #name: string;
  readonly #stream: Writable & { isTTY?: boolean };
  #bar: SingleBar | undefined;

  constructor(name: string, stream: Writable & { isTTY?: boolean }) {
    this.#name = name;
    this.#stream = stream;
  }

  update(doneCount: number, windowCount: number): void {
    if (!this.#stream.isTTY) return;
    if (!this.#bar) {
      this.#bar = new SingleBar({
        format: `${this.#name} [{bar}] {percentage} %, {eta_formatted} to go`,
        barCompleteChar: "#",
        barIncompleteChar: "-",
        hideCursor: true,
        clearOnComplete: true,
        stream: this.#stream as NodeJS.WritableStream,
      });
      this.#bar.start(windowCount, 0);
    }
    this.#bar.update(doneCount);
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
