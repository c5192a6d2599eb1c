import { abortable } from "../core/abortable.js";
import { type GrowingSpool, SAMPLE_RATE, SPEECH_FRAME_SAMPLES } from "../core/audio.js";
import type { SpeechFindings, SpeechJob } from "../engine/speech-protocol.js";
import type { JudgedFrames, SpeechDetector } from "./speech-detector.js";

/** Judged at once: short enough that who leaves is not worked for much longer, and that others have their turn. */
const PIECE_SAMPLES = Math.floor((20 * SAMPLE_RATE) / SPEECH_FRAME_SAMPLES) * SPEECH_FRAME_SAMPLES;
/** How often a piece is tried: the process may have been ended by somebody. */
const TRIES = 2;

/** Judges a piece of a spool; `engine/speech-process.ts` does. */
export type JudgePiece = (job: SpeechJob, signal: AbortSignal) => Promise<SpeechFindings>;

export interface SileroOptions {
  judgePiece: JudgePiece;
  /** Goes on where Silero fails. */
  otherwise: SpeechDetector;
  /** Gets a line for the operator when it does. */
  warn: (line: string) => void;
}

/**
 * Finds speech with Silero VAD, in a process of its own. What the network carries from frame to frame travels with the
 * pieces, so a recording of any length is one pass.
 */
export class SileroDetector implements SpeechDetector {
  readonly #options: SileroOptions;

  constructor(options: SileroOptions) {
    this.#options = options;
  }

  async *judge(spool: GrowingSpool, signal: AbortSignal, firstFrame = 0): AsyncGenerator<JudgedFrames> {
    let state: Float32Array = new Float32Array(0);
    for (let firstSample = firstFrame * SPEECH_FRAME_SAMPLES; ; ) {
      // Always whole pieces, so that how fast ffmpeg is makes no difference to what is found.
      const grown = await abortable(spool.growBeyond(firstSample + PIECE_SAMPLES - 1), signal);
      const sampleCount = Math.min(grown.sampleCount - firstSample, PIECE_SAMPLES);
      if (sampleCount <= 0) return;
      const { path, firstByte } = spool;
      const job = { place: { path, firstByte }, firstSample, sampleCount, state };
      const findings = await this.#judgePiece(job, signal);
      if (!findings) {
        yield* this.#options.otherwise.judge(spool, signal, firstSample / SPEECH_FRAME_SAMPLES);
        return;
      }
      yield findings;
      ({ state } = findings);
      firstSample += sampleCount;
    }
  }

  /** @returns undefined when it cannot be done */
  async #judgePiece(job: SpeechJob, signal: AbortSignal): Promise<SpeechFindings | undefined> {
    for (let tries = 1; ; tries++) {
      try {
        return await this.#options.judgePiece(job, signal);
      } catch (error) {
        signal.throwIfAborted();
        if (tries < TRIES) continue;
        this.#options.warn(`speech is found by energy, since Silero failed: ${(error as Error).message}`);
        return undefined;
      }
    }
  }
}
