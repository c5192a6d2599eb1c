import type { FastifyInstance } from "fastify";
import { sottoError } from "../core/errors.js";
import { type Span, type Tracer, UNTRACED } from "../observe/trace.js";

declare module "fastify" {
  interface FastifyRequest {
    /** Of the whole request; whoever works on it adds its part. */
    span: Span;
  }
}

/**
 * A span for every request to a dialect's routes, from its head to the end of its answer; a `traceparent` makes it part of
 * the client's trace. Probes and readers of metrics, which come by the second, are not traced.
 */
export function traceRequests(server: FastifyInstance, tracer: Tracer): void {
  server.decorateRequest("span");
  server.addHook("onRequest", async (request, reply) => {
    const { config, url: route = "" } = request.routeOptions;
    request.span = UNTRACED;
    if (config?.dialect === undefined) return;
    const attributes = {
      "http.request.method": request.method,
      "http.route": route,
      "sotto.dialect": config.dialect.name,
      "sotto.request_id": request.id,
    };
    const start = { attributes, startedMs: request.arrivedMs };
    request.span = tracer.request(`${request.method} ${route}`, request.headers, start);
    if (request.span === UNTRACED) return;
    reply.raw.once("close", () => {
      request.span.note({
        "http.response.status_code": reply.raw.headersSent ? reply.statusCode : undefined,
        "sotto.provider": headerOf(reply.getHeader("x-sotto-provider")),
        "sotto.model": headerOf(reply.getHeader("x-sotto-model")),
      });
      const { failure } = request;
      if (!reply.raw.writableFinished) request.span.end({ error: sottoError("client_closed", {}) });
      // A client's own mistake is no error of the server's (OpenTelemetry's conventions for HTTP).
      else if (failure && failure.status >= 500) request.span.end({ error: failure });
      else {
        request.span.note({ "error.type": failure?.code });
        request.span.end();
      }
    });
  });
}

function headerOf(value: unknown): string | undefined {
  return typeof value === "string" ? value : undefined;
}
