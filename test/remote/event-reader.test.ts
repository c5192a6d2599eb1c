import assert from "node:assert/strict";
import { test } from "node:test";
import { readEvents } from "../../src/remote/event-reader.js";
import { ProviderFailure } from "../../src/remote/provider-failure.js";

async function read(...chunks: (string | Buffer)[]) {
  const deltas: string[] = [];
  async function* bytes() {
    for (const chunk of chunks) yield Buffer.from(chunk as string);
  }
  const heard = await readEvents(bytes(), async ({ text }) => void deltas.push(text));
  return { deltas, text: heard.text };
}
const delta = (text: string) => `data: ${JSON.stringify({ type: "transcript.text.delta", delta: text })}\n\n`;
const done = (text: string) => `data: ${JSON.stringify({ type: "transcript.text.done", text })}\n\n`;
const kindOf = (...chunks: string[]) =>
  read(...chunks).then(
    () => "none",
    (error: unknown) => (error instanceof ProviderFailure ? error.kind : String(error)),
  );

test("events are read however their bytes are cut, half a character included", async () => {
  const stream = Buffer.from(
    `: awake\n\n${delta("Grüße")}event: x\r\n${delta(" 👋").replaceAll("\n", "\r\n")}${done("Grüße 👋")}`,
  );
  for (let size = 1; size < 20; size++) {
    const chunks = Array.from({ length: Math.ceil(stream.length / size) }, (_, i) =>
      stream.subarray(i * size, (i + 1) * size),
    );
    assert.deepEqual(await read(...chunks), { deltas: ["Grüße", " 👋"], text: "Grüße 👋" }, `pieces of ${size}`);
  }
});

test("a last event without deltas before it is handed on as one", async () => {
  assert.deepEqual(await read(done("All of it.")), { deltas: ["All of it."], text: "All of it." });
  assert.deepEqual(await read(done("")), { deltas: [], text: "" });
});

test("events of other kinds and the mark of the end are passed over", async () => {
  const other = 'data: {"type":"transcript.text.segment","text":"x"}\n\n';
  assert.deepEqual(await read(other, delta("a"), "data: [DONE]\n\n", done("a")), { deltas: ["a"], text: "a" });
});

test("a stream that ends early, fails or tells two stories is a failure", async () => {
  assert.equal(await kindOf(delta("a")), "cut_off");
  assert.equal(await kindOf(), "cut_off");
  assert.equal(await kindOf(delta("a"), 'data: {"error":{"message":"x"}}\n\n'), "server_error");
  assert.equal(await kindOf(delta("a"), done("b")), "garbage");
  assert.equal(await kindOf("data: {\n\n"), "garbage");
  assert.equal(await kindOf('data: {"type":"transcript.text.delta","delta":1}\n\n'), "garbage");
});
