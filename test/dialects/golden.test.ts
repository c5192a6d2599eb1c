import { test } from "node:test";
import { ERRORS, type ErrorCode, sottoError } from "../../src/core/errors.js";
import type { ResponseFormat } from "../../src/core/request.js";
import type { Dialect } from "../../src/dialects/dialect.js";
import { DIALECTS } from "../../src/dialects/dialects.js";
import { eventText, TextStream } from "../../src/render/sse.js";
import { STAMP } from "../render/sample-transcript.js";
import { HEAD } from "../support/form.js";
import { expectGolden, goldenText } from "../support/golden.js";
import { canAskFor, formatsOf, requestOf, SAMPLES } from "./samples.js";

const EXTENSIONS: Record<ResponseFormat, string> = {
  json: "json.txt",
  verbose_json: "verbose.txt",
  diarized_json: "diarized.txt",
  text: "text.txt",
  srt: "srt.txt",
  vtt: "vtt.txt",
};

for (const dialect of DIALECTS) {
  test(`${dialect.name}: every reply is what it was`, () => {
    for (const [sample, { transcript, request }] of Object.entries(SAMPLES)) {
      if (!canAskFor(dialect, request)) continue;
      for (const format of formatsOf(dialect)) {
        // Text alone shows nothing of what else was asked for.
        if (!["speech", "silence", "two-languages"].includes(sample) && !format.includes("json")) continue;
        const reply = dialect.render(transcript, requestOf(request, format), STAMP, HEAD);
        expectGolden(`${dialect.name}/${sample}.${EXTENSIONS[format]}`, goldenText(reply));
      }
    }
  });

  test(`${dialect.name}: every error is what it was`, () => {
    expectGolden(`${dialect.name}/errors.txt`, errorsText(dialect, "en"));
    if (dialect.name === "v2") expectGolden(`${dialect.name}/errors.es.txt`, errorsText(dialect, "es"));
  });

  if (!dialect.streamEnd) continue;
  test(`${dialect.name}: every stream is what it was`, () => {
    for (const [sample, { transcript, request }] of Object.entries(SAMPLES)) {
      if (!canAskFor(dialect, request)) continue;
      const asked = requestOf({ ...request, stream: true }, "json");
      const text = new TextStream(asked.include.includes("logprobs"));
      const events = [
        ...transcript.segments.flatMap((segment) => text.deltas([segment])),
        text.done(dialect.streamEnd?.(transcript, asked) ?? {}),
      ];
      expectGolden(`${dialect.name}/${sample}.stream.txt`, events.map(eventText).join(""));
    }
  });
}

/** All errors, each with every place of its message filled by the place's name. */
function errorsText(dialect: Dialect, culture: string): string {
  const replies = (Object.keys(ERRORS) as ErrorCode[]).map((code) => {
    const places = [...ERRORS[code].template.matchAll(/\{(\w+)\}/g)].map(([, name]) => [name, `<${name}>`]);
    const extras = code === "invalid_value" ? { param: "prompt" } : {};
    const error = sottoError(code, Object.fromEntries(places) as never, extras);
    const { status, contentType, body } = dialect.renderError(error, { ...HEAD, query: { culture } });
    return [code, { status, contentType, body: JSON.parse(body) as unknown }];
  });
  return `${JSON.stringify(Object.fromEntries(replies), null, 2)}\n`;
}
