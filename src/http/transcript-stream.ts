import type { Segment, Transcript } from "../core/result.js";
import { TextStream } from "../render/sse.js";
import type { EventStream } from "./event-stream.js";

/** A transcript that reaches its client in events while the work goes on, its own or that of the same request before it. */
export class TranscriptStream {
  readonly #events: EventStream;
  readonly #text: TextStream;
  readonly #leave: (reason: unknown) => void;
  /** What was taken over from another's work, and its way to the client. */
  #followed: Promise<void> | undefined;

  /** @param leave called when the client takes nothing for too long */
  constructor(events: EventStream, { hasLogprobs, leave }: { hasLogprobs: boolean; leave: (reason: unknown) => void }) {
    this.#events = events;
    this.#text = new TextStream(hasLogprobs);
    this.#leave = leave;
    events.keepAwake();
  }

  /** Settles once the client has taken them, or has gone: others may wait for the same work. */
  async write(segments: readonly Segment[]): Promise<void> {
    try {
      for (const delta of this.#text.deltas(segments)) await this.#events.send(delta);
    } catch (error) {
      this.#leave(error);
    }
  }

  /** Of another's work, which does not wait for this client: the result is kept for it anyway. */
  follow(segments: readonly Segment[]): void {
    this.#followed = (this.#followed ?? Promise.resolve()).then(() => this.write(segments));
  }

  /** @param members what the dialect adds to the last event */
  async end(transcript: Transcript, members: object, { joined }: { joined: boolean }): Promise<void> {
    if (this.#followed) await this.#followed;
    // The work was over before this request came.
    else if (joined) await this.write(transcript.segments);
    this.#events.end(this.#text.done(members));
  }

  async fail(error: object): Promise<void> {
    await this.#followed;
    this.#events.end(error);
  }
}
