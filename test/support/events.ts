/** One event of a stream, as a client reads it. */
export interface StreamEvent {
  type?: string;
  delta?: string;
  text?: string;
  usage?: object;
  error?: { code: string; message: string };
}

/** The events of a reply, each with the time it came at. Comments are left out. */
export async function* eventsOf(reply: Response): AsyncGenerator<StreamEvent & { atMs: number }> {
  let rest = "";
  for await (const chunk of (reply.body as ReadableStream<Uint8Array>).pipeThrough(new TextDecoderStream())) {
    const events = `${rest}${chunk}`.split("\n\n");
    rest = events.pop() ?? "";
    for (const event of events.filter((text) => !text.startsWith(":"))) {
      if (!event.startsWith("data: ")) throw new Error(`no data line: ${event}`);
      yield { ...(JSON.parse(event.slice("data: ".length)) as StreamEvent), atMs: performance.now() };
    }
  }
  if (rest !== "") throw new Error(`the stream broke off: ${rest}`);
}
