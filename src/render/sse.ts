import type { Segment, TokenLogprob } from "../core/result.js";

/** Server-sent events as OpenAI writes them: `data:` lines only. */
export function eventText(event: object): string {
  return `data: ${JSON.stringify(event)}\n\n`;
}

/** A comment, which clients skip and proxies count as life. */
export const COMMENT = ": still at work\n\n";

/** The text of a transcript as a stream of deltas; joined they are what the transcript's text would be. */
export class TextStream {
  #text = "";
  /** White space that only counts once something follows it. */
  #held = "";
  readonly #logprobs: TokenLogprob[] = [];
  readonly #hasLogprobs: boolean;

  constructor(hasLogprobs: boolean) {
    this.#hasLogprobs = hasLogprobs;
  }

  /** One `transcript.text.delta` for each segment that says something. */
  deltas(segments: readonly Segment[]): object[] {
    return segments.flatMap(({ text, logprobs = [] }) => {
      const said = this.#held + (this.#text === "" ? text.trimStart() : text);
      const delta = said.trimEnd();
      this.#logprobs.push(...logprobs);
      if (delta === "") {
        this.#held = this.#text === "" ? "" : said;
        return [];
      }
      this.#held = said.slice(delta.length);
      this.#text += delta;
      return [{ type: "transcript.text.delta", delta, ...(this.#hasLogprobs ? { logprobs } : {}) }];
    });
  }

  /** `transcript.text.done` with the deltas joined, and what the dialect adds. */
  done(members: object): object {
    const logprobs = this.#hasLogprobs ? { logprobs: this.#logprobs } : {};
    return { type: "transcript.text.done", text: this.#text, ...logprobs, ...members };
  }
}
