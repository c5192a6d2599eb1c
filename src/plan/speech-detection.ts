import { SpeechModel, speechEntry } from "../catalog/speech-model.js";
import { SpeechProcess } from "../engine/speech-process.js";
import { EnergyDetector } from "./energy-detector.js";
import { SileroDetector } from "./silero-detector.js";
import type { SpeechDetector } from "./speech-detector.js";

export interface SpeechDetectionOptions {
  /** Where models lie. */
  modelsFolder: string;
  /** ggml's module for the CPU (`engine/backend.ts`). */
  cpuModule: string;
  /** Gets a line for the operator. */
  warn?: ((line: string) => void) | undefined;
}

/** Finds speech with Silero where its weights are installed, and by energy where they are not: asked anew for each recording. */
export class SpeechDetection {
  readonly #model: SpeechModel;
  readonly #cpuModule: string;
  readonly #warn: (line: string) => void;
  readonly #energy = new EnergyDetector();
  #process: { stamp: string; process: SpeechProcess } | undefined;

  constructor({ modelsFolder, cpuModule, warn = () => {} }: SpeechDetectionOptions) {
    this.#model = new SpeechModel(modelsFolder);
    this.#cpuModule = cpuModule;
    this.#warn = warn;
  }

  async detector(): Promise<SpeechDetector> {
    const found = await this.#model.find();
    if (found.state !== "installed") return this.#energy;
    const process = this.#processFor(found);
    return new SileroDetector({
      judgePiece: (job, signal) => process.judge(job, signal),
      otherwise: this.#energy,
      warn: this.#warn,
    });
  }

  /** How speech is found now, as a line for the operator. */
  async describe(): Promise<string> {
    const found = await this.#model.find();
    const remedy = `for Silero VAD: npx sotto models pull ${speechEntry().id}`;
    if (found.state === "installed") return `speech is found with Silero VAD ${found.version}`;
    if (found.state === "missing") return `speech is found by energy; ${remedy}`;
    return `speech is found by energy, since the weights of Silero VAD are damaged; ${remedy}`;
  }

  /** Ends the process, if there is one. */
  async close(): Promise<void> {
    await this.#process?.process.stop();
  }

  #processFor({ path: modelPath, stamp }: { path: string; stamp: string }): SpeechProcess {
    if (this.#process?.stamp !== stamp) {
      // Whoever is in the old one is tried again in it; then it idles out.
      const setup = { modelPath, modelStamp: stamp, cpuModule: this.#cpuModule };
      this.#process = { stamp, process: new SpeechProcess(setup) };
    }
    return this.#process.process;
  }
}
