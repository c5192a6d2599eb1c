import assert from "node:assert/strict";
import { test } from "node:test";
import { ERRORS, type ErrorCode, SottoError } from "../../src/core/errors.js";
import { DIALECTS } from "../../src/dialects/dialects.js";
import { TextStream } from "../../src/render/sse.js";
import { STAMP } from "../render/sample-transcript.js";
import { HEAD } from "../support/form.js";
import { expectSchema } from "../support/schemas.js";
import { canAskFor, formatsOf, requestOf, SAMPLES } from "./samples.js";

for (const dialect of DIALECTS.filter(({ name }) => name !== "unified")) {
  test(`${dialect.name}: replies and errors are what the service itself describes`, () => {
    for (const { transcript, request } of Object.values(SAMPLES)) {
      if (!canAskFor(dialect, request)) continue;
      for (const format of formatsOf(dialect).filter((one) => one.includes("json"))) {
        // OpenAI describes it for transcriptions alone.
        if (format === "diarized_json" && request.task === "translate") continue;
        const { body } = dialect.render(transcript, requestOf(request, format), STAMP, HEAD);
        expectSchema(`${dialect.name}#${format}`, JSON.parse(body));
      }
    }
    for (const code of Object.keys(ERRORS) as ErrorCode[]) {
      const { body } = dialect.renderError(new SottoError(code, "Expected that.", { param: "file" }), HEAD);
      expectSchema(`${dialect.name}#error`, JSON.parse(body));
    }
  });
}

test("unified is OpenAI's with more: without the additions its verbose_json is OpenAI's", () => {
  const unified = DIALECTS[0];
  assert.equal(unified?.name, "unified");
  const { transcript, request } = SAMPLES.words as (typeof SAMPLES)[string];
  const { body } = unified.render(transcript, requestOf(request, "verbose_json"), STAMP, HEAD);
  const { language_probability, ...rest } = JSON.parse(body) as Record<string, unknown>;
  assert.equal(typeof language_probability, "number");
  expectSchema("openai#verbose_json", rest);
});

test("openai: the events of a stream are what OpenAI describes", () => {
  const openai = DIALECTS.find(({ name }) => name === "openai");
  for (const { transcript, request } of [
    SAMPLES.speech,
    SAMPLES.logprobs,
    SAMPLES.silence,
  ] as (typeof SAMPLES)[string][]) {
    const asked = requestOf(request, "json");
    const text = new TextStream(asked.include.includes("logprobs"));
    for (const delta of text.deltas(transcript.segments)) expectSchema("openai#delta", delta);
    expectSchema("openai#done", text.done(openai?.streamEnd?.(transcript, asked) ?? {}));
  }
});

test("a reply that lacks a member or has one too many is found", () => {
  assert.throws(() => expectSchema("comet#json", {}));
  assert.throws(() => expectSchema("comet#json", { text: "", usage: {} }));
});
