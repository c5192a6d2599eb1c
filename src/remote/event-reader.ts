import type { TokenLogprob } from "../core/result.js";
import type { Heard } from "./heard.js";
import { demandText, type JsonObject, jsonObject } from "./json-reply.js";
import { ProviderFailure } from "./provider-failure.js";
import { isErrorReply, readLogprobs, readOpenAiReply } from "./wires/openai-reply.js";

/** A piece of text as the provider makes it. */
export interface Delta {
  text: string;
  logprobs: TokenLogprob[] | undefined;
}

/** Longest event: the last one holds the whole text. */
const MAX_EVENT_CHARACTERS = 16 * 1024 ** 2;
/** Some servers end a stream with it, as OpenAI's chat does. */
const END_MARK = "[DONE]";

/**
 * Reads OpenAI's `transcript.text.*` events, handing on each delta before the next is read.
 * @returns what the last event says
 * @throws ProviderFailure `cut_off` when there is no last event, `server_error` when an event says so, `garbage`
 */
export async function readEvents(
  chunks: AsyncIterable<Buffer>,
  onDelta: (delta: Delta) => Promise<void>,
): Promise<Heard> {
  let text = "";
  for await (const event of eventsOf(chunks)) {
    if (isErrorReply(event)) throw new ProviderFailure("server_error");
    if (event.type === "transcript.text.delta") {
      const delta = demandText(event, "delta");
      text += delta;
      await onDelta({ text: delta, logprobs: readLogprobs(event.logprobs) });
    } else if (event.type === "transcript.text.done") {
      const heard = readOpenAiReply(JSON.stringify(event));
      // What the client has been told already is what counts.
      if (text === "" && heard.text !== "") await onDelta({ text: heard.text, logprobs: heard.logprobs });
      else if (heard.text.trim() !== text.trim()) throw new ProviderFailure("garbage");
      return heard;
    }
  }
  throw new ProviderFailure("cut_off");
}

async function* eventsOf(chunks: AsyncIterable<Buffer>): AsyncGenerator<JsonObject> {
  const decoder = new TextDecoder();
  let rest = "";
  for await (const chunk of chunks) {
    rest += decoder.decode(chunk, { stream: true });
    const blocks = rest.split(/\r?\n\r?\n/);
    rest = blocks.pop() ?? "";
    if (rest.length > MAX_EVENT_CHARACTERS) throw new ProviderFailure("garbage");
    for (const block of blocks) {
      const lines = block.split(/\r?\n/).filter((line) => line.startsWith("data:"));
      const data = lines.map((line) => line.slice("data:".length).trim()).join("\n");
      if (data !== "" && data !== END_MARK) yield jsonObject(data);
    }
  }
}
