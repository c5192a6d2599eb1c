import http, { type IncomingMessage } from "node:http";
import https from "node:https";
import { addAbortSignal } from "node:stream";
import { pipeline } from "node:stream/promises";
import type { FormBody } from "./multipart.js";
import { ProviderFailure } from "./provider-failure.js";
import { type CallTimes, TimeLimits } from "./time-limits.js";

export interface CallParts {
  url: string;
  headers: Readonly<Record<string, string>>;
  body: FormBody;
  times: CallTimes;
}

/** Longest reply: twelve hours of speech with every word and token are some 30 MB. */
const MAX_REPLY_BYTES = 64 * 1024 ** 2;

/**
 * One exchange with a provider. Not by `fetch`: Node's gives up after 300 s without a header, has no time limit for
 * connecting, and follows redirects. A connection of its own: one kept open may have been closed at the other end, and a
 * form that is read from disk cannot be sent twice unseen.
 */
export class Call implements Disposable {
  readonly #limits: TimeLimits;
  readonly #request: http.ClientRequest;
  readonly #response: IncomingMessage;
  readonly #signal: AbortSignal;

  private constructor(request: http.ClientRequest, response: IncomingMessage, limits: TimeLimits, signal: AbortSignal) {
    this.#request = request;
    this.#response = response;
    this.#limits = limits;
    this.#signal = signal;
  }

  /**
   * Sends the form and waits for the reply's head.
   * @param signal ends the exchange, connection and all
   * @throws ProviderFailure `unreachable`, `timeout`, `cut_off`; the signal's reason; the system's error when the upload
   *   cannot be read
   */
  static async send({ url, headers, body, times }: CallParts, signal: AbortSignal): Promise<Call> {
    signal.throwIfAborted();
    const limits = new TimeLimits(times, signal);
    const stop = limits.signal;
    let isConnected = false;
    let readFault: unknown;
    try {
      const { request } = url.startsWith("https:") ? https : http;
      const sent = request(url, {
        method: "POST",
        agent: false,
        headers: {
          "user-agent": "sotto",
          "accept-encoding": "identity",
          ...headers,
          "content-type": body.contentType,
          "content-length": body.contentLength,
        },
        signal: stop,
      });
      sent.once("socket", (socket) => {
        socket.once(url.startsWith("https:") ? "secureConnect" : "connect", () => {
          isConnected = true;
          limits.connected();
        });
      });
      const response = await new Promise<IncomingMessage>((resolve, reject) => {
        sent.once("response", resolve);
        sent.on("error", reject);
        sent.once("close", () => reject(new Error("closed without a reply")));
        sent.once("finish", () => limits.uploaded());
        const chunks = noting(body.chunks(), (error) => {
          readFault = error;
        });
        // What fails here ends the request, which then says so.
        pipeline(chunks, sent).catch(() => {});
      });
      limits.answered();
      addAbortSignal(stop, response).on("error", () => {}); // also when nobody reads it any more
      return new Call(sent, response, limits, stop);
    } catch (error) {
      limits[Symbol.dispose]();
      if (stop.aborted) throw stop.reason;
      if (readFault !== undefined) throw readFault;
      throw new ProviderFailure(isConnected ? "cut_off" : "unreachable", { cause: error });
    }
  }

  get status(): number {
    return this.#response.statusCode ?? 0;
  }

  header(name: "content-type" | "retry-after"): string | undefined {
    return this.#response.headers[name];
  }

  /**
   * @param maxBytes longer ones are cut there
   * @throws like {@link chunks}
   */
  async text(maxBytes = Number.POSITIVE_INFINITY): Promise<string> {
    const parts: Buffer[] = [];
    let bytes = 0;
    for await (const chunk of this.chunks()) {
      parts.push(chunk);
      bytes += chunk.length;
      if (bytes >= maxBytes) break;
    }
    return Buffer.concat(parts).toString("utf8");
  }

  /** @throws ProviderFailure `cut_off`, `timeout`, `garbage` for a reply without end; the signal's reason */
  async *chunks(): AsyncGenerator<Buffer> {
    let bytes = 0;
    try {
      for await (const chunk of this.#response as AsyncIterable<Buffer>) {
        bytes += chunk.length;
        if (bytes > MAX_REPLY_BYTES) throw new ProviderFailure("garbage", { status: this.status });
        yield chunk;
      }
    } catch (error) {
      if (this.#signal.aborted) throw this.#signal.reason;
      if (error instanceof ProviderFailure) throw error;
      throw new ProviderFailure("cut_off", { status: this.status, cause: error });
    }
  }

  /** Waits for our own client without counting that as the provider's time. */
  notCounting(wait: Promise<void>): Promise<void> {
    return this.#limits.notCounting(wait);
  }

  /** Closes the connection, whatever is still under way. */
  [Symbol.dispose](): void {
    this.#limits[Symbol.dispose]();
    this.#request.destroy();
    this.#response.destroy();
  }
}

/** The request only says that it was closed, whatever its body failed of. */
async function* noting(chunks: AsyncIterable<Uint8Array>, onFault: (error: unknown) => void) {
  try {
    yield* chunks;
  } catch (error) {
    onFault(error);
    throw error;
  }
}
