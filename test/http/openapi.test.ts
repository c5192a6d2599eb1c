import assert from "node:assert/strict";
import { test } from "node:test";
import { Ajv2020 } from "ajv/dist/2020.js";
import { DEFAULT_REQUEST } from "../../src/core/request.js";
import { DIALECTS } from "../../src/dialects/dialects.js";
import { entriesOf } from "../../src/dialects/fields.js";
import { DOCS_POLICY, docsPage } from "../../src/http/docs-page.js";
import { openApiDocument } from "../../src/http/openapi.js";
import { ROUTES } from "../../src/http/routes.js";
import { canAskFor, formatsOf, requestOf, SAMPLES } from "../dialects/samples.js";
import { STAMP } from "../render/sample-transcript.js";
import { HEAD } from "../support/form.js";

const document = openApiDocument();
const paths = document.paths as Record<string, Record<string, Operation>>;
interface Operation {
  operationId: string;
  requestBody?: { content: Record<string, { schema: { properties: Record<string, object> } }> };
  responses: Record<string, object>;
}

test("every route is described, and every field of its dialect", () => {
  for (const route of ROUTES) {
    const operation = paths[route.path.replace("*", "{id}")]?.[route.method.toLowerCase()];
    assert.ok(operation, route.path);
    if (route.answers !== "transcription") continue;
    const described = operation.requestBody?.content["multipart/form-data"]?.schema.properties ?? {};
    const names = entriesOf(route.dialect.fields).map(([, entry]) => entry.names[0]);
    assert.deepEqual(Object.keys(described), names);
    assert.ok(operation.responses["200"] && operation.responses["400"] && operation.responses["500"]);
  }
  const ids = Object.values(paths).flatMap((methods) => Object.values(methods).map(({ operationId }) => operationId));
  assert.equal(new Set(ids).size, ids.length, "operation ids are unique");
});

test("every reference leads somewhere", () => {
  for (const [, name] of JSON.stringify(document).matchAll(/#\/components\/schemas\/(\w+)/g)) {
    assert.ok(Object.hasOwn(document.components.schemas, name as string), name);
  }
});

test("the described replies are those that the dialects give", () => {
  const ajv = new Ajv2020({ allErrors: true, strict: false, formats: { uuid: true } });
  ajv.addSchema({ $id: "api", ...document });
  for (const dialect of DIALECTS) {
    const title = `${dialect.name[0]?.toUpperCase()}${dialect.name.slice(1)}`;
    for (const { transcript, request } of Object.values(SAMPLES)) {
      if (!canAskFor(dialect, request)) continue;
      for (const format of formatsOf(dialect).filter((one) => one === "json" || one === "verbose_json")) {
        const name = `${title}${format === "json" ? "Json" : "VerboseJson"}`;
        const validate = ajv.compile({ $ref: `api#/components/schemas/${name}` });
        const { body } = dialect.render(transcript, requestOf({ ...DEFAULT_REQUEST, ...request }, format), STAMP, HEAD);
        assert.ok(validate(JSON.parse(body)), `${name}: ${JSON.stringify(validate.errors)}`);
      }
    }
  }
});

test("the page names every route and needs nothing from anywhere else", () => {
  const page = docsPage();
  for (const { path } of ROUTES) assert.ok(page.includes(path.replace("*", "{id}")), path);
  assert.doesNotMatch(page, /<script|<link|<img|<iframe|src=|url\(|@import/i);
  const outside = [...page.matchAll(/https?:\/\/[^\s<"]+/g)].filter(
    ([url]) => !url.startsWith("http://127.0.0.1:8178/"),
  );
  assert.deepEqual(outside, [], "no URL of anywhere else, not even as text");
  assert.match(DOCS_POLICY, /default-src 'none'/);
  for (const [, target] of page.matchAll(/href="([^"]*)"/g)) assert.match(target as string, /^(#|openapi\.json$)/);
});
