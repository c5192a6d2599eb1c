import { openApiDocument } from "./openapi.js";

/** Of the OpenAPI document the parts that the page shows. */
interface Operation {
  tags: string[];
  summary: string;
  parameters?: { name: string; description?: string; schema: unknown }[];
  requestBody?: { content: Record<string, { schema: FormSchema }> };
  responses: Record<string, { description: string; content: Record<string, { schema: unknown }> }>;
}
interface FormSchema {
  properties: Record<string, FieldSchema>;
  required: string[];
}
interface FieldSchema {
  description?: string;
  default?: unknown;
  type?: string;
  format?: string;
  enum?: readonly string[];
  items?: FieldSchema;
  maxItems?: number;
  maxLength?: number;
  minimum?: number;
  maximum?: number;
}

/** The page is one file; a browser need not take our word for it. */
export const DOCS_POLICY = "default-src 'none'; style-src 'unsafe-inline'; base-uri 'none'; form-action 'none'";
/** Parts of the page that are not a service's own come after all services. */
const LAST_TAGS = ["models", "server"];

const STYLE = `
:root { color-scheme: light dark; }
body { font: 16px/1.5 system-ui, sans-serif; max-width: 62rem; margin: 2rem auto; padding: 0 1rem; }
code, pre { font: 14px/1.45 ui-monospace, monospace; }
pre { overflow-x: auto; padding: .75rem; border: 1px solid #8886; border-radius: .4rem; }
details { border: 1px solid #8886; border-radius: .4rem; margin: .5rem 0; padding: .5rem .75rem; }
summary { cursor: pointer; }
summary b { display: inline-block; min-width: 3.2rem; }
table { border-collapse: collapse; width: 100%; margin: .75rem 0; }
td, th { text-align: left; vertical-align: top; padding: .25rem .75rem .25rem 0; border-bottom: 1px solid #8883; }
td { overflow-wrap: break-word; }
td:first-child { white-space: nowrap; }
tr:last-child td { border-bottom: 0; }
`;

/** The OpenAPI document as a page: one file, no script, nothing from anywhere else. */
export function docsPage(): string {
  const { info, paths, components } = openApiDocument();
  const operations = Object.entries(paths).flatMap(([path, methods]) =>
    Object.entries(methods).map(([method, operation]) => ({ path, method, operation: operation as Operation })),
  );
  const found = [...new Set(operations.flatMap(({ operation }) => operation.tags))];
  const tags = [...found.filter((tag) => !LAST_TAGS.includes(tag)), ...LAST_TAGS];
  const sections = tags.map((tag) => {
    const own = operations.filter(({ operation }) => operation.tags.includes(tag));
    return `<h2 id="${escapeHtml(tag)}">${escapeHtml(tag)}</h2>\n${own.map(operationHtml).join("\n")}`;
  });
  // Browsers open what a link points into, but not what it points at.
  const schemas = Object.entries(components.schemas).map(
    ([name, schema]) =>
      `<details><summary><code>${name}</code></summary><pre id="schema-${name}">${escapeHtml(JSON.stringify(schema, null, 2))}</pre></details>`,
  );
  return `<!doctype html>
<html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width"><title>Sotto ${info.version}</title><style>${STYLE}</style></head>
<body><h1>Sotto ${info.version}</h1>
<p>${code(info.description)}</p>
<p><a href="openapi.json">openapi.json</a> · ${[...tags, "schemas"].map((tag) => `<a href="#${tag}">${tag}</a>`).join(" · ")}</p>
${sections.join("\n")}
<h2 id="schemas">schemas</h2>
${schemas.join("\n")}
</body></html>
`;
}

function operationHtml({ path, method, operation }: { path: string; method: string; operation: Operation }): string {
  const form = operation.requestBody?.content["multipart/form-data"]?.schema;
  const parts = [
    ...(operation.parameters ?? []).map(
      ({ name, description = "", schema }) =>
        `<p><code>${escapeHtml(name)}</code> ${code(description)} <code>${escapeHtml(JSON.stringify(schema))}</code></p>`,
    ),
    ...(form ? [`<pre>${escapeHtml(curl(path))}</pre>`, fieldsHtml(form)] : []),
    responsesHtml(operation),
  ];
  const head = `<b>${method.toUpperCase()}</b> <code>${escapeHtml(path)}</code> ${escapeHtml(operation.summary)}`;
  return `<details><summary>${head}</summary>\n${parts.join("\n")}\n</details>`;
}

function curl(path: string): string {
  return `curl http://127.0.0.1:8178${path} -F file=@recording.wav${path.startsWith("/cortecs") ? " -F model=whisper-1" : ""}`;
}

function fieldsHtml({ properties, required }: FormSchema): string {
  const rows = Object.entries(properties).map(([name, schema]) => {
    const preset = required.includes(name) ? "required" : defaultHtml(schema.default);
    const cells = [`<code>${escapeHtml(name)}</code>`, valuesHtml(schema), preset, code(schema.description ?? "")];
    return `<tr>${cells.map((cell) => `<td>${cell}</td>`).join("")}</tr>`;
  });
  return `<table><tr><th>field</th><th>values</th><th>default</th><th>what</th></tr>${rows.join("")}</table>`;
}

/** What a field takes, in words: a JSON Schema says it too, but to programs. */
function valuesHtml(schema: FieldSchema): string {
  if (schema.enum) return schema.enum.map((choice) => `<code>${escapeHtml(choice)}</code>`).join(", ");
  if (schema.format === "binary") return "a file";
  if (schema.format === "uri") return "a URL";
  switch (schema.type) {
    case "array": {
      const most = schema.maxItems === undefined ? "" : ` of at most ${schema.maxItems}`;
      return `a list${most}: ${valuesHtml(schema.items ?? {})}`;
    }
    case "boolean":
      return "<code>true</code>, <code>false</code>";
    case "number":
      return `${schema.minimum} to ${schema.maximum}`;
    case "integer":
      return `${schema.minimum} to ${schema.maximum}, whole`;
    default:
      return schema.maxLength === undefined ? "text" : `text, at most ${schema.maxLength} characters`;
  }
}

function defaultHtml(preset: unknown): string {
  return preset === undefined ? "" : `<code>${escapeHtml([preset].flat().join(", "))}</code>`;
}

function responsesHtml({ responses }: Operation): string {
  const rows = Object.entries(responses).map(([status, { description, content }]) => {
    const types = Object.entries(content).map(([type, { schema }]) => `<code>${type}</code> ${schemaLinks(schema)}`);
    return `<tr><td>${status}</td><td>${escapeHtml(description)}</td><td>${types.join("<br>")}</td></tr>`;
  });
  return `<table><tr><th>status</th><th>when</th><th>reply</th></tr>${rows.join("")}</table>`;
}

function schemaLinks(schema: unknown): string {
  const names = [...JSON.stringify(schema).matchAll(/#\/components\/schemas\/(\w+)/g)].map(([, name]) => name);
  return names.map((name) => `<a href="#schema-${name}">${name}</a>`).join(" ");
}

/** Text with its `code` marked. */
function code(text: string): string {
  return escapeHtml(text).replace(/`([^`]+)`/g, "<code>$1</code>");
}

function escapeHtml(text: string): string {
  return text.replaceAll("&", "&amp;").replaceAll("<", "&lt;").replaceAll(">", "&gt;").replaceAll('"', "&quot;");
}
