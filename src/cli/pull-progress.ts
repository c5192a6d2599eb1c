import type { Writable } from "node:stream";
import { SingleBar } from "cli-progress";
import type { PullProgress } from "../catalog/pull.js";

const BYTES_PER_MB = 1e6;
/** Share of the whole after which a pipe gets a line, in percent. */
const STEP_PERCENT = 10;
/** The same where the source does not say how much is to come. */
const STEP_MB = 50;

const PHASES = { transfer: "pulling", verify: "checking" } as const;

/** Shows how far a pull is: a bar on a terminal, a line now and then in a pipe. */
export class PullProgressDisplay {
  readonly #id: string;
  readonly #stream: Writable;
  readonly #isTerminal: boolean;
  #phase: PullProgress["phase"] | undefined;
  #bar: SingleBar | undefined;
  #step = -1;

  constructor(id: string, stream: Writable & { isTTY?: boolean }) {
    this.#id = id;
    this.#stream = stream;
    this.#isTerminal = stream.isTTY === true;
  }

  update(progress: PullProgress): void {
    if (progress.phase !== this.#phase) this.#begin(progress);
    const { bytes, totalBytes } = progress;
    if (this.#isTerminal && totalBytes !== undefined) this.#bar?.update(bytes / BYTES_PER_MB);
    else this.#writeLine(progress);
  }

  /** Leaves the terminal as it was. */
  stop(): void {
    this.#bar?.stop();
    this.#bar = undefined;
  }

  #begin({ phase, bytes, totalBytes }: PullProgress): void {
    this.stop();
    this.#phase = phase;
    this.#step = -1;
    if (!this.#isTerminal || totalBytes === undefined) return;
    this.#bar = new SingleBar({
      format: `${PHASES[phase]} ${this.#id} [{bar}] {percentage} % of {total} MB, {eta_formatted} to go`,
      formatValue: (value, _options, type) => (type === "total" ? value.toFixed(1) : String(value)),
      barCompleteChar: "#",
      barIncompleteChar: "-",
      hideCursor: true,
      stream: this.#stream as NodeJS.WritableStream,
    });
    this.#bar.start(totalBytes / BYTES_PER_MB, bytes / BYTES_PER_MB);
  }

  #writeLine({ phase, bytes, totalBytes }: PullProgress): void {
    const megabytes = bytes / BYTES_PER_MB;
    const percent = totalBytes ? Math.floor((bytes / totalBytes) * 100) : undefined;
    const step = percent === undefined ? Math.floor(megabytes / STEP_MB) : Math.floor(percent / STEP_PERCENT);
    if (step === this.#step) return;
    this.#step = step;
    const share = percent === undefined ? `${megabytes.toFixed(1)} MB` : `${step * STEP_PERCENT} %`;
    this.#stream.write(`${PHASES[phase]} ${this.#id}: ${share}\n`);
  }
}
