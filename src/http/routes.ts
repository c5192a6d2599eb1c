import type { HTTPMethods } from "fastify";
import type { Right } from "../auth/rights.js";
import type { Task } from "../core/request.js";
import type { Dialect } from "../dialects/dialect.js";
import { unified } from "../dialects/unified/unified.js";

/** What a path answers. Declared once: registration, 405 and the docs derive from it. */
export type Route =
  | { method: "POST"; path: string; answers: "transcription"; dialect: Dialect; task: Task }
  | { method: "GET"; path: string; answers: "models" | "model" | "health" | "readiness" };

export const ROUTES: readonly Route[] = [
  { method: "POST", path: "/v1/audio/transcriptions", answers: "transcription", dialect: unified, task: "transcribe" },
  { method: "POST", path: "/v1/audio/translations", answers: "transcription", dialect: unified, task: "translate" },
  { method: "GET", path: "/v1/models", answers: "models" },
  { method: "GET", path: "/v1/models/*", answers: "model" },
  { method: "GET", path: "/healthz", answers: "health" },
  { method: "GET", path: "/readyz", answers: "readiness" },
];

/** The right that a route needs once keys are asked for; undefined: it answers everybody. */
export const RIGHT_FOR: Record<Route["answers"], Right | undefined> = {
  transcription: "transcribe",
  models: "models",
  model: "models",
  // Those who ask these have no secrets to keep: load balancers, container runtimes.
  health: undefined,
  readiness: undefined,
};

/** Methods that a path takes; empty: there is no such path. */
export function methodsOf(path: string): HTTPMethods[] {
  return ROUTES.filter((route) => matches(route.path, path)).map((route) => route.method);
}

function matches(pattern: string, path: string): boolean {
  return pattern.endsWith("/*")
    ? path.startsWith(pattern.slice(0, -1)) && path.length >= pattern.length
    : pattern === path;
}
