import { readFileSync } from "node:fs";
import { join } from "node:path";
import { ERRORS, type ErrorCode, SottoError } from "../core/errors.js";
import { packageRoot } from "../core/package-root.js";
import type { Dialect } from "../dialects/dialect.js";
import { expectation } from "../dialects/field-value.js";
import { entriesOf, type FieldEntry } from "../dialects/fields.js";
import { unified } from "../dialects/unified/unified.js";
import { CULTURES } from "../dialects/v2/culture.js";
import { SCHEMAS } from "./reply-schemas.js";
import { ROUTES, type Route } from "./routes.js";

type Json = Record<string, unknown>;

const ref = (name: string) => ({ $ref: `#/components/schemas/${name}` });
const reply = (description: string, content: Record<string, Json>) => ({ description, content });
const json = (name: string) => ({ "application/json": { schema: ref(name) } });

/** The whole API as OpenAPI 3.1, derived from the tables of routes, fields and errors. */
export function openApiDocument() {
  const { version } = JSON.parse(readFileSync(join(packageRoot(), "package.json"), "utf8")) as { version: string };
  const paths: Record<string, Json> = {};
  for (const route of ROUTES) {
    const path = route.path.replace("*", "{id}");
    paths[path] = { ...paths[path], [route.method.toLowerCase()]: operation(route) };
  }
  return {
    openapi: "3.1.0",
    info: {
      title: "Sotto",
      version,
      summary: "A local speech-to-text server",
      description:
        "Lists are written as `name`, `name[]`, repeated, or as a JSON string; objects as `name[sub]` or as a JSON " +
        "string; booleans as `true`, `false`, `1` or `0`. An empty string means absent. A field that has no effect is " +
        "accepted and named in the header `x-sotto-ignored`.",
      license: { name: "MIT", identifier: "MIT" },
    },
    servers: [{ url: "/" }],
    paths,
    components: { schemas: SCHEMAS, securitySchemes: { bearer: { type: "http", scheme: "bearer" } } },
    // Either way: a key is needed once there is one.
    security: [{}, { bearer: [] }],
  };
}

function operation(route: Route): Json {
  switch (route.answers) {
    case "transcription":
      return {
        operationId: `${route.dialect.name}_${route.task}`,
        tags: [route.dialect.name],
        summary: route.task === "translate" ? "Speech to English text" : "Speech to text",
        ...(route.dialect.name === "v2" ? { parameters: [CULTURE] } : {}),
        requestBody: { required: true, content: { "multipart/form-data": { schema: formSchema(route.dialect) } } },
        responses: { "200": transcriptReply(route.dialect), ...errorReplies(route.dialect) },
      };
    case "models":
      return simple(route, `${route.dialect.name}_models`, "models", "Models that are installed", json("ModelList"));
    case "model":
      return {
        ...simple(route, `${route.dialect.name}_model`, "models", "One model", json("Model")),
        parameters: [{ name: "id", in: "path", required: true, schema: { type: "string" } }],
      };
    case "health":
      return simple(route, "health", "server", "200 while the process lives", plain("application/json", "object"));
    case "readiness":
      return simple(route, "readiness", "server", "200 when it would be served", plain("application/json", "object"));
    case "metrics":
      return simple(
        route,
        "metrics",
        "server",
        "Figures in the text format of Prometheus",
        plain("text/plain", "string"),
      );
    case "openapi":
      return simple(route, "openapi", "server", "This document", plain("application/json", "object"));
    case "docs":
      return simple(route, "docs", "server", "This document as a page", plain("text/html", "string"));
  }
}

/** What can go wrong where nothing is transcribed. */
const ANYWHERE: readonly ErrorCode[] = ["invalid_value", "internal_error", "shutting_down"];
const WITH_KEY: readonly ErrorCode[] = [...ANYWHERE, "invalid_api_key", "forbidden", "auth_unavailable"];
const ERRORS_OF: Record<Exclude<Route["answers"], "transcription">, readonly ErrorCode[]> = {
  models: WITH_KEY,
  model: [...WITH_KEY, "model_not_found"],
  health: ANYWHERE,
  readiness: [...ANYWHERE, "decoder_missing", "model_loading", "engine_unavailable", "model_not_found"],
  metrics: [...WITH_KEY, "unknown_route"],
  openapi: ANYWHERE,
  docs: ANYWHERE,
};

const CULTURE = {
  name: "culture",
  in: "query",
  description: "Language of messages, errors included; not of the audio",
  schema: { enum: CULTURES, default: "en" },
};

function simple(
  route: Exclude<Route, { answers: "transcription" }>,
  operationId: string,
  tag: string,
  summary: string,
  content: Record<string, Json>,
): Json {
  const dialect = "dialect" in route ? route.dialect : unified;
  const errors = errorReplies(dialect, ERRORS_OF[route.answers]);
  return { operationId, tags: [tag], summary, responses: { "200": reply(summary, content), ...errors } };
}

function plain(type: string, kind: string): Record<string, Json> {
  return { [type]: { schema: { type: kind } } };
}

function formSchema({ fields }: Dialect): Json {
  const entries = entriesOf(fields).map(([, entry]) => entry);
  // Where a URL may come instead, neither of the two is demanded alone.
  const isRequired = (entry: FieldEntry) => entry.required && !(entry.kind === "file" && fields.url);
  return {
    type: "object",
    properties: Object.fromEntries(entries.map((entry) => [entry.names[0], fieldSchema(entry)])),
    required: entries.filter(isRequired).map(({ names }) => names[0]),
  };
}

function fieldSchema(entry: FieldEntry): Json {
  const preset = entry.default === undefined ? {} : { default: defaultValue(entry) };
  return {
    ...valueSchema(entry),
    ...preset,
    description: `${entry.doc}.${effectNote(entry)}`,
  };
}

function effectNote({ pending, needsProviders }: FieldEntry): string {
  if (pending) return " Without effect yet.";
  return needsProviders ? " Without effect where the server has no remote providers." : "";
}

function valueSchema(entry: FieldEntry): Json {
  switch (entry.kind) {
    case "file":
      return { type: "string", format: "binary" };
    case "url":
      return { type: "string", format: "uri" };
    case "string":
      return { type: "string", ...(entry.maxLength === undefined ? {} : { maxLength: entry.maxLength }) };
    case "strings":
      return {
        type: "array",
        items: { type: "string" },
        ...(entry.maxItems === undefined ? {} : { maxItems: entry.maxItems }),
      };
    case "number":
    case "integer":
      return { type: entry.kind, minimum: entry.min, maximum: entry.max };
    case "boolean":
      return { type: "boolean" };
    case "choice":
      return { type: "string", enum: entry.choices };
    case "choices":
      return { type: "array", items: { type: "string", enum: entry.choices }, uniqueItems: true };
    case "language":
      return { type: "string", examples: ["en"] };
    case "languages":
      return { type: "array", items: { type: "string" } };
    case "chunking":
      return { type: "string", examples: ["auto"], $comment: expectation(entry) };
  }
}

function defaultValue({ kind, default: preset = "" }: FieldEntry): unknown {
  if (kind === "number" || kind === "integer") return Number(preset);
  if (kind === "boolean") return preset === "true";
  return kind === "choices" ? [preset] : preset;
}

const CONTENT_OF_FORMAT: Record<string, string> = {
  text: "text/plain",
  srt: "application/x-subrip",
  vtt: "text/vtt",
};

function transcriptReply({ name, fields, streamEnd }: Dialect): Json {
  const title = `${name[0]?.toUpperCase()}${name.slice(1)}`;
  if (name === "v2") {
    const schema = { schema: ref("V2Json") };
    return reply("The transcript", { "application/json": schema, "text/json": schema, "text/plain": schema });
  }
  const format = entriesOf(fields).find(([field]) => field === "responseFormat")?.[1];
  const formats = format?.kind === "choice" ? format.choices : [];
  const texts = formats.flatMap((one) => CONTENT_OF_FORMAT[one] ?? []);
  return reply("The transcript, in the shape that was asked for", {
    "application/json": { schema: { anyOf: [ref(`${title}Json`), ref(`${title}VerboseJson`)] } },
    ...Object.fromEntries(texts.map((type) => [type, { schema: { type: "string" } }])),
    ...(streamEnd ? { "text/event-stream": { schema: ref("StreamEvent") } } : {}),
  });
}

function errorReplies(
  dialect: Dialect,
  possible: readonly ErrorCode[] = Object.keys(ERRORS) as ErrorCode[],
): Record<string, Json> {
  const head = { query: {}, accept: undefined };
  const codes = new Map<number, string[]>();
  for (const code of possible) {
    // No client is there to be told.
    if (code === "client_closed") continue;
    const told = dialect.renderError(new SottoError(code, ""), head).status;
    codes.set(told, [...(codes.get(told) ?? []), code]);
  }
  const schema = dialect.name === "v2" ? "V2Error" : "Error";
  return Object.fromEntries(
    [...codes].sort(([a], [b]) => a - b).map(([status, names]) => [status, reply(names.join(", "), json(schema))]),
  );
}
