import multipart from "@fastify/multipart";
import fastify, { type FastifyInstance, type FastifyReply, type FastifyRequest, LogController } from "fastify";
import type { Authenticator } from "../auth/authenticator.js";
import type { Right } from "../auth/rights.js";
import { type SottoError, sottoError } from "../core/errors.js";
import type { Dialect } from "../dialects/dialect.js";
import type { Tracer } from "../observe/trace.js";
import { guardRoutes } from "./auth.js";
import { answerClientError } from "./client-error.js";
import { closeUnusedConnections } from "./connections.js";
import { allowOrigins } from "./cors.js";
import { DOCS_POLICY, docsPage } from "./docs-page.js";
import { pathOf, sendError, toSottoError } from "./error-reply.js";
import { answerModel, answerModels } from "./models-route.js";
import { openApiDocument } from "./openapi.js";
import { answerReadiness, type ReadinessParts } from "./readiness-route.js";
import { requestId } from "./request-id.js";
import { canonicalUrl, methodsOf, RIGHT_FOR, ROUTES } from "./routes.js";
import { cutSlowReaders } from "./slow-readers.js";
import { traceRequests } from "./traced-requests.js";
import { answerTranscription, type TranscriptionParts } from "./transcription-route.js";
import { leaveBodiesUnread } from "./unread-body.js";

declare module "fastify" {
  interface FastifyContextConfig {
    dialect?: Dialect;
  }
  interface FastifyRequest {
    arrivedMs: number;
    /** What it was, or its stream ended, refused with. */
    failure: SottoError | undefined;
    /** What the client says of itself, fit for the log. */
    client: { user?: string | undefined; origin?: string | undefined };
  }
}

export interface ServerParts extends TranscriptionParts, ReadinessParts {
  logLevel: string;
  tracer: Tracer;
  authenticator: Authenticator;
  /** Certificate and private key in PEM; undefined: plain HTTP. */
  tls: { cert: Buffer; key: Buffer } | undefined;
  /** Origins with commas between them, or `*`; undefined: pages of other origins may not call. */
  corsOrigin: string | undefined;
  metricsAccess: "keys" | "open" | "off";
  /** In which the head of a request must have come; 0: no limit. The pace of its body is another matter (`upload-pace.ts`). */
  headTimeoutMs: number;
  /** How long a connection may wait for its next request, or for its client to read an answer; 0: no limit. */
  idleTimeoutMs: number;
  /** true once no new request may begin. */
  isDraining: () => boolean;
}

/** Node looks that often for heads that are late. */
const CONNECTIONS_CHECK_MS = 1000;

/** What was refused before it chose a model names the one that serves who names none. */
async function nameDefaultModel(reply: FastifyReply, { store }: ServerParts): Promise<void> {
  const model = await store.defaultModel().catch(() => undefined);
  if (model) reply.header("x-sotto-model", model.id);
}

/** The HTTP face: routes, headers that every reply carries, and errors in the route's dialect. */
export async function createServer(parts: ServerParts): Promise<FastifyInstance> {
  const checks = { connectionsCheckingInterval: CONNECTIONS_CHECK_MS };
  const handshake = parts.headTimeoutMs > 0 ? { handshakeTimeout: parts.headTimeoutMs } : {};
  const server: FastifyInstance = fastify({
    ...(parts.tls ? { https: { ...parts.tls, ...checks, ...handshake } } : { http: checks }),
    logger: { level: parts.logLevel, stream: process.stderr },
    // One line per request, written by our own hook.
    logController: new LogController({ disableRequestLogging: true }),
    genReqId: (request) => requestId(request.headers["x-request-id"]),
    requestTimeout: 0,
    keepAliveTimeout: parts.idleTimeoutMs,
    forceCloseConnections: "idle",
    // Answered by our own hook, in the shape of the error table.
    return503OnClosing: false,
    clientErrorHandler: (error, socket) => answerClientError(error, socket, parts.headTimeoutMs),
    rewriteUrl: ({ url = "/" }) => canonicalUrl(url),
    routerOptions: { ignoreTrailingSlash: true },
  });
  server.server.headersTimeout = parts.headTimeoutMs;
  closeUnusedConnections(server);
  cutSlowReaders(server, parts.idleTimeoutMs);
  // Bodies of other types are left unread: a route that wants a form says so itself.
  server.removeAllContentTypeParsers();
  server.addContentTypeParser("*", (_request, _payload, done) => done(null));
  await server.register(multipart);
  // Before any hook that refuses: a page must be able to read why.
  if (parts.corsOrigin !== undefined) await allowOrigins(server, parts.corsOrigin);

  server.decorateRequest("arrivedMs", 0);
  server.decorateRequest("client");
  server.decorateRequest("failure");
  server.addHook("onRequest", async (request, reply) => {
    request.arrivedMs = performance.now();
    reply.header("x-request-id", request.id).header("x-sotto-provider", "local");
    if (parts.isDraining()) throw sottoError("shutting_down", {});
    // Fastify would ask for its body's type before it says that there is no such route.
    if (request.is404 && request.method === "QUERY") refuseRoute(request, reply);
  });
  traceRequests(server, parts.tracer);
  guardRoutes(server, parts.authenticator);
  leaveBodiesUnread(server);
  server.addHook("onSend", async (request, reply) => {
    reply.header("openai-processing-ms", Math.round(performance.now() - request.arrivedMs));
    // Not where the process says that it lives, whatever the disk does.
    const isOfApi = request.is404 || request.routeOptions.config?.needs !== undefined;
    if (isOfApi && !reply.hasHeader("x-sotto-model")) await nameDefaultModel(reply, parts);
    // A connection that a client keeps open would keep the server from ending.
    if (parts.isDraining()) reply.header("connection", "close");
  });
  server.addHook("onResponse", async (request, reply) => {
    const durationMs = Math.round(performance.now() - request.arrivedMs);
    parts.metrics.answered(request.routeOptions.config?.dialect?.name ?? "none", reply.statusCode, durationMs);
    if (request.failure) parts.metrics.failed(request.failure.code);
    request.log.info(
      { method: request.method, path: pathOf(request), status: reply.statusCode, durationMs, ...request.client },
      "answered",
    );
  });
  server.setErrorHandler((error, request, reply) => {
    request.failure = toSottoError(error, request);
    return sendError(request.failure, request, reply);
  });
  server.setNotFoundHandler(refuseRoute);

  for (const route of ROUTES) {
    const config = { needs: RIGHT_FOR[route.answers], ...("dialect" in route ? { dialect: route.dialect } : {}) };
    switch (route.answers) {
      case "transcription":
        server.post(route.path, { config, onRequest: countRequests(parts) }, (request, reply) =>
          answerTranscription(request, reply, route, parts),
        );
        break;
      case "models":
        server.get(route.path, { config }, (request) => answerModels(request, parts));
        break;
      case "model":
        server.get(route.path, { config }, (request) => answerModel(request, parts));
        break;
      case "health":
        server.get(route.path, { config }, async () => ({ status: "ok" }));
        break;
      case "readiness":
        server.get(route.path, { config }, (request) => answerReadiness(request, parts));
        break;
      case "metrics":
        server.get(route.path, { config: metricsConfig(config, parts) }, async (request, reply) => {
          if (parts.metricsAccess === "off") {
            throw sottoError("unknown_route", { method: request.method, path: route.path });
          }
          return reply.type(parts.metrics.contentType).send(await parts.metrics.text());
        });
        break;
      case "openapi":
        server.get(route.path, { config }, async () => openApiDocument());
        break;
      case "docs":
        server.get(route.path, { config }, async (_request, reply) =>
          reply.type("text/html; charset=utf-8").header("content-security-policy", DOCS_POLICY).send(docsPage()),
        );
        break;
    }
  }
  return server;
}

/** After the key was asked for, and before a byte of the body is read. */
function countRequests({ rateLimits }: ServerParts) {
  return async (request: FastifyRequest, reply: FastifyReply): Promise<void> => {
    const headers = new Map<string, string>();
    try {
      await rateLimits?.enter(request.caller, headers);
    } finally {
      reply.headers(Object.fromEntries(headers));
    }
  };
}

/** Where it is off nobody need bring a key to hear so. */
function metricsConfig(config: { needs: Right | undefined }, { metricsAccess }: ServerParts) {
  return metricsAccess === "keys" ? config : { ...config, needs: undefined };
}

function refuseRoute(request: FastifyRequest, reply: FastifyReply): never {
  const path = pathOf(request);
  const allowed = methodsOf(path.replace(/(.)\/$/, "$1"));
  if (allowed.length === 0) throw sottoError("unknown_route", { method: request.method, path });
  reply.header("allow", allowed.join(", "));
  throw sottoError("method_not_allowed", { path, allowed: allowed.join(", "), method: request.method });
}
