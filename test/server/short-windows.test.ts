import assert from "node:assert/strict";
import { test } from "node:test";
import { fixtureOf } from "../support/fixtures.js";
import { postFile, wordsOf } from "../support/post.js";
import { startServer } from "../support/sotto.js";

const clip = fixtureOf(1, 8);

test("a server asked for short windows says so, hears the same words, and tells who asks for diagnostics", async () => {
  for (const kernels of ["auto", "ggml"]) {
    const server = await startServer(["--short-windows", "--kernels", kernels]);
    try {
      const fields = { language: "en", "include[]": "diagnostics" };
      const reply = await postFile(`${server.url}/v1/audio/transcriptions`, clip.path, fields);
      const body = (await reply.json()) as { text: string; diagnostics: { short_windows: boolean } };
      assert.equal(reply.status, 200);
      assert.deepEqual(wordsOf(body.text), wordsOf(clip.text));
      assert.equal(body.diagnostics.short_windows, true);
      assert.match(server.log(), /threads for (all|each): \d+; short windows$/m);
    } finally {
      await server.stop();
    }
  }
});
