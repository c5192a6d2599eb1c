import type { FastifyReply, FastifyRequest } from "fastify";
import { SottoError, sottoError } from "../core/errors.js";
import { requestHead } from "./request-head.js";
import { dialectOf } from "./routes.js";

/** What a client may hear of any failure; the rest goes to the log. */
export function toSottoError(error: unknown, request: FastifyRequest): SottoError {
  if (error instanceof SottoError) {
    if (error.cause) request.log.warn({ err: error.cause, code: error.code }, "request failed");
    return error;
  }
  // What fastify itself refuses: a URL that does not decode, a header too long.
  const { statusCode, message } = error as { statusCode?: number; message: string };
  if (statusCode !== undefined && statusCode >= 400 && statusCode < 500) {
    return sottoError("invalid_value", {
      name: "request",
      expected: "well-formed HTTP",
      received: `one with a fault: ${message}`,
    });
  }
  request.log.error({ err: error }, "request failed");
  return sottoError("internal_error", {}, { cause: error });
}

/** Answers with an error in the dialect of the path. */
export function sendError(error: SottoError, request: FastifyRequest, reply: FastifyReply): FastifyReply {
  const dialect = request.routeOptions.config?.dialect ?? dialectOf(pathOf(request));
  const { status, contentType, body } = dialect.renderError(error, requestHead(request));
  if (error.retryAfterSec !== undefined) {
    reply
      .header("retry-after", Math.ceil(error.retryAfterSec))
      .header("retry-after-ms", Math.round(error.retryAfterSec * 1000));
  }
  // The SDKs of OpenAI obey this before they look at the status.
  reply.header("x-should-retry", String(error.retryable));
  return reply.code(status).header("content-type", contentType).send(body);
}

/** The path as it may be shown and logged: no query, where keys might stand, and no end. */
export function pathOf(request: FastifyRequest): string {
  return (request.url.split("?", 1)[0] ?? "").slice(0, 200);
}
