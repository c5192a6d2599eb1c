import type { HTTPMethods } from "fastify";
import type { Right } from "../auth/rights.js";
import type { Task } from "../core/request.js";
import { comet } from "../dialects/comet/comet.js";
import { cortecs } from "../dialects/cortecs/cortecs.js";
import type { Dialect } from "../dialects/dialect.js";
import { openai } from "../dialects/openai/openai.js";
import { together } from "../dialects/together/together.js";
import { unified } from "../dialects/unified/unified.js";
import { v2 } from "../dialects/v2/v2.js";

/** What a path answers. Declared once: registration, 405, the OpenAPI document and the docs derive from it. */
export type Route =
  | { method: "POST"; path: string; answers: "transcription"; dialect: Dialect; task: Task }
  | { method: "GET"; path: string; answers: "models" | "model"; dialect: Dialect }
  | { method: "GET"; path: string; answers: "health" | "readiness" | "metrics" | "openapi" | "docs" };

const BOTH: readonly Task[] = ["transcribe", "translate"];
/** Dialects that lie where OpenAI's paths would be, beneath a prefix. */
const PREFIXES: readonly { prefix: string; dialect: Dialect; tasks: readonly Task[] }[] = [
  { prefix: "", dialect: unified, tasks: BOTH },
  { prefix: "/openai", dialect: openai, tasks: BOTH },
  { prefix: "/cortecs", dialect: cortecs, tasks: ["transcribe"] },
  { prefix: "/comet", dialect: comet, tasks: BOTH },
  { prefix: "/together", dialect: together, tasks: BOTH },
];
const ENDS: Record<Task, string> = { transcribe: "transcriptions", translate: "translations" };

const V2_PREFIX = "/api/v2";
const V2_PATH = `${V2_PREFIX}/Audio/transcribe`;

export const ROUTES: readonly Route[] = [
  ...PREFIXES.flatMap(({ prefix, dialect, tasks }): Route[] => [
    ...tasks.map((task): Route => {
      const path = `${prefix}/v1/audio/${ENDS[task]}`;
      return { method: "POST", path, answers: "transcription", dialect, task };
    }),
    { method: "GET", path: `${prefix}/v1/models`, answers: "models", dialect },
    { method: "GET", path: `${prefix}/v1/models/*`, answers: "model", dialect },
  ]),
  { method: "POST", path: V2_PATH, answers: "transcription", dialect: v2, task: "transcribe" },
  { method: "GET", path: "/healthz", answers: "health" },
  { method: "GET", path: "/readyz", answers: "readiness" },
  { method: "GET", path: "/metrics", answers: "metrics" },
  { method: "GET", path: "/openapi.json", answers: "openapi" },
  { method: "GET", path: "/docs", answers: "docs" },
];

/** The right that a route needs once keys are asked for; undefined: it answers everybody. */
export const RIGHT_FOR: Record<Route["answers"], Right | undefined> = {
  transcription: "transcribe",
  models: "models",
  model: "models",
  // Load balancers and container runtimes have no key, and whoever reads the docs has none yet.
  health: undefined,
  readiness: undefined,
  openapi: undefined,
  docs: undefined,
  metrics: "metrics",
};

/** Methods that a path takes; empty: there is no such path. */
export function methodsOf(path: string): HTTPMethods[] {
  return ROUTES.filter((route) => matches(route.path, path)).map((route) => route.method);
}

/** The dialect to speak at a path, whether there is such a path or not. */
export function dialectOf(path: string): Dialect {
  if (path.toLowerCase().startsWith(`${V2_PREFIX}/`)) return v2;
  const [longest] = PREFIXES.filter(({ prefix }) => path.startsWith(`${prefix}/`)).sort(
    (a, b) => b.prefix.length - a.prefix.length,
  );
  return longest?.dialect ?? unified;
}

/** The URL as it is routed: the v2 service does not tell upper from lower case. */
export function canonicalUrl(url: string): string {
  const end = url.slice(V2_PATH.length);
  return url.slice(0, V2_PATH.length).toLowerCase() === V2_PATH.toLowerCase() && /^($|[/?])/.test(end)
    ? `${V2_PATH}${end}`
    : url;
}

function matches(pattern: string, path: string): boolean {
  return pattern.endsWith("/*")
    ? path.startsWith(pattern.slice(0, -1)) && path.length >= pattern.length
    : pattern === path;
}
