import type { FastifyRequest } from "fastify";
import type { RequestHead } from "../dialects/dialect.js";

/** Of a request what its dialect may look at beside the form. */
export function requestHead(request: FastifyRequest): RequestHead {
  return { query: (request.query ?? {}) as RequestHead["query"], accept: request.headers.accept };
}
