import assert from "node:assert/strict";
import { once } from "node:events";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { test } from "node:test";
import { keptUpload } from "../../src/remote/kept-upload.js";
import { ProviderClient } from "../../src/remote/provider-client.js";
import { jobOf, settingsOf, wavFile } from "./samples.js";

const MIB = 1024 ** 2;
const UPLOAD_BYTES = 256 * MIB;

test("an upload of 256 MiB takes no more memory on its way than one of a megabyte", async () => {
  let receivedBytes = 0;
  const server = createServer((request, response) => {
    request.on("data", (chunk: Buffer) => {
      receivedBytes += chunk.length;
    });
    request.on("end", () => response.end('{"text":"Hello."}'));
  }).listen(0, "127.0.0.1");
  await once(server, "listening");
  const baseUrl = `http://127.0.0.1:${(server.address() as AddressInfo).port}/v1`;
  const client = new ProviderClient({ settings: settingsOf({ baseUrl }), key: undefined, timeoutMs: 120_000 });
  const send = async (bytes: number) => {
    const job = await jobOf({}, { upload: await keptUpload(wavFile(bytes)) });
    let peak = 0;
    const timer = setInterval(() => {
      peak = Math.max(peak, process.memoryUsage().rss);
    }, 5);
    await client.transcribe(job, new AbortController().signal);
    clearInterval(timer);
    return peak;
  };
  await send(MIB);
  const small = await send(MIB);
  const large = await send(UPLOAD_BYTES);
  server.close();
  assert.ok(receivedBytes > UPLOAD_BYTES);
  // What the collector has not come to yet is there too.
  assert.ok(large - small < UPLOAD_BYTES / 2, `${Math.round((large - small) / MIB)} MiB more`);
});
