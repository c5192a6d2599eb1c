import assert from "node:assert/strict";
import { test } from "node:test";
import { transcriptText } from "../../src/core/result.js";
import { eventText, TextStream } from "../../src/render/sse.js";
import { segment, transcript } from "./sample-transcript.js";

const deltasOf = (events: object[]) => events.map((event) => (event as { delta: string }).delta);

test("the deltas joined are the text of the last event and of the transcript, wherever white space stands", () => {
  for (const texts of [
    [" Hello world.", " Good bye."],
    ["  one ", " two  ", "  "],
    [" ", "\n", " late"],
    [" one", " ", " two"],
    [],
    [" "],
    ["你好", "世界"],
  ]) {
    const segments = texts.map((text, index) => segment(index, index + 1, text));
    const stream = new TextStream(false);
    const joined = segments.flatMap((one) => deltasOf(stream.deltas([one]))).join("");
    const done = stream.done({ usage: 1 }) as { type: string; text: string; usage: number };
    assert.deepEqual(done, { type: "transcript.text.done", text: joined, usage: 1 });
    assert.equal(joined, transcriptText(transcript(...segments)));
  }
});

test("nothing said is no delta", () => {
  assert.deepEqual(new TextStream(false).deltas([segment(0, 1, " "), segment(1, 2, "")]), []);
});

test("an event is one data line, whatever the text", () => {
  assert.equal(eventText({ delta: "a\nb\r\n\ndata: c" }), 'data: {"delta":"a\\nb\\r\\n\\ndata: c"}\n\n');
});
