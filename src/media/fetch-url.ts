import http, { type IncomingMessage } from "node:http";
import https from "node:https";
import { addAbortSignal, Readable } from "node:stream";
import { SottoError, sottoError } from "../core/errors.js";
import { checkedLookup, type Resolve, systemResolve } from "./checked-lookup.js";
import { FetchWatch, urlFetchFailed } from "./fetch-watch.js";
import { type SavedUpload, saveUpload, type UploadTarget } from "./upload.js";
import { checkUrl, type UrlPolicy, urlNotAllowed } from "./url-policy.js";

export interface FetchLimits {
  /** Podcasts count listeners by sending them through a handful. */
  redirects: number;
  /** Until a server's headers have come, for each hop. */
  headersMs: number;
  /** How long no byte of the body may come. */
  idleMs: number;
  /** For all of it. */
  totalMs: number;
}

const LIMITS: FetchLimits = { redirects: 10, headersMs: 30_000, idleMs: 30_000, totalMs: 30 * 60_000 };

export interface UrlFetcherParts {
  /** undefined: nothing is fetched. */
  policy: UrlPolicy | undefined;
  resolve?: Resolve;
  limits?: Partial<FetchLimits>;
}

const REDIRECTS = new Set([301, 302, 303, 307, 308]);

/** Fetches recordings from http and https URLs, as far as the policy goes: every hop, and every address connected to. */
export class UrlFetcher {
  readonly #policy: UrlPolicy | undefined;
  readonly #resolve: Resolve;
  readonly #limits: FetchLimits;

  constructor({ policy, resolve = systemResolve, limits = {} }: UrlFetcherParts) {
    this.#policy = policy;
    this.#resolve = resolve;
    this.#limits = { ...LIMITS, ...limits };
  }

  /**
   * Says before anything is fetched whether a URL may be.
   * @throws SottoError `url_not_allowed`
   */
  check(text: string): URL {
    return checkUrl(text, this.#demandPolicy());
  }

  /**
   * Writes what lies at `address` to a new file; on failure none stays.
   * @throws SottoError `url_not_allowed`, `url_fetch_failed`, `file_too_large`, `empty_file`, `storage_full`; the signal's
   *   reason when it aborts
   */
  async save(address: string, target: UploadTarget, signal: AbortSignal): Promise<SavedUpload> {
    signal.throwIfAborted();
    using watch = new FetchWatch(signal, this.#limits.totalMs);
    const response = await this.#follow(address, watch);
    try {
      refuseUnfit(response, target.maxBytes);
      watch.expect(this.#limits.idleMs);
      const body = Readable.from(bodyOf(response, watch), { objectMode: false });
      // Nobody waits for an answer at the other end.
      return await saveUpload(body, { ...target, drain: { maxMs: 0, maxBytes: 0 } });
    } finally {
      response.destroy();
    }
  }

  async #follow(address: string, watch: FetchWatch): Promise<IncomingMessage> {
    let url = checkUrl(address, this.#demandPolicy());
    for (let hops = 0; hops <= this.#limits.redirects; hops++) {
      watch.expect(this.#limits.headersMs);
      const response = await this.#request(url, watch.signal).catch((error) => {
        throw failureOf(error, watch.signal);
      });
      const { location } = response.headers;
      if (!REDIRECTS.has(response.statusCode ?? 0) || location === undefined) return response;
      response.destroy();
      url = checkUrl(location, this.#demandPolicy(), url);
    }
    throw urlFetchFailed(`it leads on more than ${this.#limits.redirects} times`);
  }

  #request(url: URL, signal: AbortSignal): Promise<IncomingMessage> {
    const policy = this.#demandPolicy();
    const { request } = url.protocol === "https:" ? https : http;
    return new Promise((resolve, reject) => {
      const sent = request(url, {
        // A connection of its own, never one through a proxy, which would do the resolving.
        agent: false,
        lookup: checkedLookup(this.#resolve, (address) => policy.allowsAddress(address)),
        headers: { accept: "*/*", "accept-encoding": "identity", "user-agent": "sotto" },
        signal,
      });
      sent.once("response", resolve);
      sent.on("error", reject);
      sent.once("close", () => reject(new Error("closed without a response")));
      sent.end();
    });
  }

  #demandPolicy(): UrlPolicy {
    if (!this.#policy) throw urlNotAllowed("one came, and this server does not fetch URLs (--allow-url is off)");
    return this.#policy;
  }
}

function refuseUnfit({ statusCode, headers }: IncomingMessage, maxBytes: number): void {
  if (statusCode !== 200) throw urlFetchFailed(`its server answered with status ${statusCode}`);
  const encoding = headers["content-encoding"];
  if (encoding && encoding.toLowerCase() !== "identity") {
    throw urlFetchFailed("its server sent it compressed, though it was asked not to");
  }
  const announcedBytes = Number(headers["content-length"] ?? 0);
  if (announcedBytes > maxBytes) {
    throw sottoError("file_too_large", { limitBytes: maxBytes, actual: announcedBytes }, { param: "file" });
  }
}

async function* bodyOf(response: IncomingMessage, watch: FetchWatch): AsyncGenerator<Buffer> {
  try {
    for await (const chunk of addAbortSignal(watch.signal, response)) {
      watch.feed();
      yield chunk;
    }
  } catch (error) {
    throw failureOf(error, watch.signal);
  }
}

function failureOf(error: unknown, signal: AbortSignal): unknown {
  if (signal.aborted) return signal.reason;
  if (error instanceof SottoError) return error;
  const code = error instanceof Error && "code" in error ? String(error.code) : "";
  if (code === "ENOTFOUND" || code === "EAI_AGAIN") return urlFetchFailed("its host was not found", error);
  if (/CERT|SSL|TLS|SELF_SIGNED|UNABLE_TO/.test(code)) return urlFetchFailed("its certificate is not trusted", error);
  return urlFetchFailed("the connection to its server failed or broke off", error);
}
