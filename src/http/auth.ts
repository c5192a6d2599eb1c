import type { FastifyInstance } from "fastify";
import type { Authenticator } from "../auth/authenticator.js";
import { ANONYMOUS, type Caller } from "../auth/caller.js";
import type { Right } from "../auth/rights.js";
import { SottoError } from "../core/errors.js";

declare module "fastify" {
  interface FastifyContextConfig {
    /** undefined: anybody may ask. */
    needs?: Right | undefined;
  }
  interface FastifyRequest {
    caller: Caller;
  }
}

/** Asks every request for its key as soon as its headers are there, before a byte of its body is read. */
export function guardRoutes(server: FastifyInstance, authenticator: Authenticator): void {
  server.decorateRequest("caller");
  server.addHook("onRequest", async (request, reply) => {
    request.caller = ANONYMOUS;
    const right = request.routeOptions.config?.needs;
    if (right === undefined) return;
    try {
      request.caller = await authenticator.authenticate(request.headers.authorization, right);
    } catch (error) {
      // RFC 9110, section 15.5.2: a 401 says what it would take.
      if (error instanceof SottoError && error.status === 401) reply.header("www-authenticate", "Bearer");
      throw error;
    }
    if (request.caller.kind === "anonymous") return;
    // On every later line of this request, ours and others'.
    request.log = reply.log = request.log.child({ caller: request.caller.name, callerKind: request.caller.kind });
  });
}
