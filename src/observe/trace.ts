import { AsyncLocalStorage } from "node:async_hooks";

/** Names and figures only: no text, no key, nothing that a client wrote. */
export type SpanAttributes = Readonly<Record<string, string | number | boolean | undefined>>;

export interface SpanStart {
  attributes?: SpanAttributes;
  /** By `performance.now()`; default: now. */
  startedMs?: number | undefined;
  /** `client`: somebody else is asked. */
  kind?: "client";
}

export interface SpanEnd {
  /** What went wrong: an error, of which the code is told or the class, or a word for it. */
  error?: unknown;
  /** By `performance.now()`; default: now. */
  endedMs?: number | undefined;
}

/** A stretch of the work on a request. */
export interface Span {
  /** Headers that take the trace on to whoever is asked (W3C Trace Context); empty where nothing is traced. */
  readonly headers: Readonly<Record<string, string>>;
  child(name: string, start?: SpanStart): Span;
  note(attributes: SpanAttributes): void;
  /** Once; what is called later says nothing. */
  end(end?: SpanEnd): void;
}

export interface Tracer {
  /** @param headers of the request, which may say that it is part of a trace */
  request(name: string, headers: Readonly<Record<string, string | string[] | undefined>>, start: SpanStart): Span;
  /** Sends what is still here. Never throws. */
  close(): Promise<void>;
}

export const UNTRACED: Span = { headers: {}, child: () => UNTRACED, note: () => {}, end: () => {} };
export const NO_TRACER: Tracer = { request: () => UNTRACED, close: async () => {} };

const current = new AsyncLocalStorage<Span>();

/** What is called within `work` belongs to `span`: see {@link currentSpan}. */
export function withinSpan<Result>(span: Span, work: () => Result): Result {
  // Where nothing is traced the bookkeeping of contexts would be for nothing.
  return span === UNTRACED ? work() : current.run(span, work);
}

/** The span of the request that is being worked on. */
export function currentSpan(): Span {
  return current.getStore() ?? UNTRACED;
}

/** Times `work` as a child of `span`. */
export async function spanned<Result>(
  span: Span,
  name: string,
  work: (child: Span) => Promise<Result>,
  start: SpanStart = {},
): Promise<Result> {
  const child = span.child(name, start);
  try {
    const result = await work(child);
    child.end();
    return result;
  } catch (error) {
    child.end({ error });
    throw error;
  }
}
