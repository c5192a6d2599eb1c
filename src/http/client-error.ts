import type { Socket } from "node:net";
import { sottoError } from "../core/errors.js";
import { requestId } from "./request-id.js";
import { dialectOf, methodsOf } from "./routes.js";

interface ParserError extends Error {
  code?: string | undefined;
  /** What the parser was given last, a Buffer; fastify's types have it otherwise. */
  rawPacket?: unknown;
}

const REQUEST_LINE = /^([A-Z-]{1,32}) (\/[^\s?]{0,200})\S* HTTP\/1\.[01]\r?\n/;
/** As Node itself answers (nodejs/node `lib/_http_server.js`, `socketOnError`), but for methods that it does not know. */
const STATUSES: Record<string, string> = {
  HPE_HEADER_OVERFLOW: "431 Request Header Fields Too Large",
  HPE_CHUNK_EXTENSIONS_OVERFLOW: "413 Payload Too Large",
};

/** Answers what is no HTTP, or none that Node's parser knows: no request comes of it, so no route and no hook sees it. */
export function answerClientError(error: ParserError, socket: Socket, headTimeoutMs: number): void {
  // Where TLS has failed no answer would ever be sent, and the connection would stay.
  if (error.code === "ECONNRESET" || /^ERR_(TLS|SSL)_/.test(error.code ?? "") || !socket.writable) {
    socket.destroy();
    return;
  }
  const { status, headers, path, fault } = understood(error, headTimeoutMs);
  const { body, contentType } = dialectOf(path).renderError(fault, { query: {}, accept: undefined });
  const all = [
    `x-request-id: ${requestId(undefined)}`,
    "x-sotto-provider: local",
    ...headers,
    `content-type: ${contentType}`,
    `content-length: ${Buffer.byteLength(body)}`,
    `x-should-retry: ${fault.retryable}`,
    "connection: close",
  ];
  socket.end(`HTTP/1.1 ${status}\r\n${all.join("\r\n")}\r\n\r\n${body}`);
}

function understood({ code = "", rawPacket }: ParserError, headTimeoutMs: number) {
  if (code === "ERR_HTTP_REQUEST_TIMEOUT") {
    const fault = sottoError("deadline_exceeded", {
      what: "The head of the request did not come",
      limitMs: headTimeoutMs,
    });
    return { status: "408 Request Timeout", headers: [], path: "/", fault };
  }
  const [, method, path = "/"] =
    REQUEST_LINE.exec(Buffer.isBuffer(rawPacket) ? rawPacket.toString("latin1", 0, 512) : "") ?? [];
  if (code === "HPE_INVALID_METHOD" && method !== undefined) {
    const allowed = methodsOf(path).join(", ");
    if (allowed === "")
      return { status: "404 Not Found", headers: [], path, fault: sottoError("unknown_route", { method, path }) };
    const fault = sottoError("method_not_allowed", { path, allowed, method });
    return { status: "405 Method Not Allowed", headers: [`allow: ${allowed}`], path, fault };
  }
  const received = `one with a fault (${code || "unknown"})`;
  const fault = sottoError("invalid_value", { name: "request", expected: "well-formed HTTP", received });
  return { status: STATUSES[code] ?? "400 Bad Request", headers: [], path, fault };
}
