import type { IncomingMessage, ServerResponse } from "node:http";
import { Readable } from "node:stream";
import type { FastifyInstance, FastifyRequest } from "fastify";

/** A body of so much has mostly come with its headers; taking it keeps the connection. */
const SMALL_BODY_BYTES = 64 * 1024;
/** What is read for nothing: enough for a client that hears no answer before it has sent a usual upload. */
const DISCARDED_BYTES = 32 * 1024 * 1024;
/** How long a client that goes on sending may take to hear the answer. */
const LINGER_MS = 3000;

const waitsForContinue = new WeakSet<IncomingMessage>();

/**
 * Requests that are refused by their headers alone get the answer while they still send, and their bodies stay unread. A
 * connection that is closed over unread bytes is reset, and the reset may overtake the answer (RFC 9112, section 9.6): so
 * the answer is sent whole, and the connection then lingers. Clients that ask first (`Expect: 100-continue`, as curl
 * does) are told to go on only when nothing in the headers speaks against it.
 */
export function leaveBodiesUnread(server: FastifyInstance): void {
  server.server.on("checkContinue", (request: IncomingMessage, response: ServerResponse) => {
    waitsForContinue.add(request);
    server.routing(request, response);
  });
  server.addHook("onRequest", async (request, reply) => {
    if (!request.is404 && waitsForContinue.has(request.raw)) reply.raw.writeContinue();
  });
  server.addHook("onSend", async (request, reply, payload) => {
    if (reply.statusCode < 400 || typeof payload !== "string" || !hasUnreadBody(request)) return payload;
    reply.header("connection", "close").header("content-length", Buffer.byteLength(payload));
    return lingering(payload, request.raw);
  });
}

function hasUnreadBody({ raw, headers }: FastifyRequest): boolean {
  if (raw.complete || raw.readableDidRead) return false;
  const isChunked = headers["transfer-encoding"] !== undefined;
  return isChunked || waitsForContinue.has(raw) || Number(headers["content-length"] ?? 0) > SMALL_BODY_BYTES;
}

/** The answer at once, and its end when the client is done, or after a while. */
function lingering(answer: string, request: IncomingMessage): Readable {
  const end = () => {
    clearTimeout(timer);
    request.off("end", end);
    stream.push(null);
  };
  const timer = setTimeout(end, LINGER_MS);
  const stream = new Readable({
    read() {},
    destroy(error, done) {
      clearTimeout(timer);
      done(error);
    },
  });
  stream.push(answer);
  let byteCount = 0;
  request.on("data", (chunk: Buffer) => {
    byteCount += chunk.length;
    if (byteCount > DISCARDED_BYTES) request.pause();
  });
  request.once("end", end);
  return stream;
}
