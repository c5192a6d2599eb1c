import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { randomBytes } from "node:crypto";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, test } from "node:test";
import { StandIn } from "../remote/stand-in.js";
import { fixtureOf } from "../support/fixtures.js";
import { postFile, wordsOf } from "../support/post.js";
import { type RunningServer, runSotto, startServer } from "../support/sotto.js";
import { OtlpReceiver, type ReceivedSpan } from "./otlp-receiver.js";

const KEY = "sk-live-0123456789abcdef";
const SECRET_HEADER = "tenant-key-4711";
const clip = fixtureOf(1, 8);
const long = fixtureOf(45, 120);
const folder = mkdtempSync(join(tmpdir(), "sotto-traces-"));
const wav = join(folder, "clip.wav");
/** Spans are sent soon after they end. */
const SOON = { OTEL_BSP_SCHEDULE_DELAY: "50" };
let receiver: OtlpReceiver;
let provider: StandIn;
/** Takes one request at a time; what its model does not know goes out. */
let server: RunningServer;
let apiKey: string;

before(async () => {
  execFileSync("ffmpeg", ["-v", "error", "-i", clip.path, wav]);
  receiver = await OtlpReceiver.start();
  provider = await StandIn.start("openai", KEY);
  const config = join(folder, "config.json");
  const outside = { name: "outside", dialect: "openai", baseUrl: provider.baseUrl, apiKeyEnv: "PROVIDER_KEY" };
  writeFileSync(config, JSON.stringify({ providers: [{ ...outside, models: { "*": "whisper-1" } }] }));
  const environment = { ...SOON, PROVIDER_KEY: KEY, OTEL_EXPORTER_OTLP_HEADERS: `x-tenant=${SECRET_HEADER}` };
  server = await startServer(["--config", config, "--otlp-endpoint", receiver.url, "--workers", "1"], environment);
  apiKey = (await runSotto(["keys", "create", "a", "--home", server.home])).stdout.trim();
});
after(async () => {
  assert.equal(await server.stop(), 0);
  await receiver.stop();
  await provider.stop();
  rmSync(folder, { recursive: true, force: true });
});

const newTraceId = () => randomBytes(16).toString("hex");
const PARENT = "00f067aa0ba902b7";
async function ask(path: string, fields: Record<string, string> = {}, file = wav) {
  const traceId = newTraceId();
  const headers = { traceparent: `00-${traceId}-${PARENT}-01`, authorization: `Bearer ${apiKey}` };
  const reply = await postFile(`${server.url}${path}`, file, fields, headers);
  const text = await reply.text();
  return { reply, text, spans: await receiver.trace(traceId), traceId };
}
const named = (spans: ReceivedSpan[], name: string) => spans.filter((span) => span.name === name);
const attributeOf = ({ attributes }: ReceivedSpan, key: string) =>
  Object.values(attributes.find((each) => each.key === key)?.value ?? {})[0];
const startOf = ({ startTimeUnixNano }: ReceivedSpan) => Number(BigInt(startTimeUnixNano) / 1000n) / 1000;
const endOf = ({ endTimeUnixNano }: ReceivedSpan) => Number(BigInt(endTimeUnixNano) / 1000n) / 1000;
const TRANSCRIPTIONS = "/v1/audio/transcriptions";

test("a request is a span of the client's trace, and what is done for it lies within", async () => {
  const { spans, reply, text } = await ask(TRANSCRIPTIONS, {}, long.path);
  assert.equal(reply.status, 200);
  assert.ok(wordsOf(text).length > 10);
  const [request] = named(spans, `POST ${TRANSCRIPTIONS}`);
  assert.ok(request);
  assert.equal(request.parentSpanId, PARENT);
  const attributes = ["http.response.status_code", "sotto.dialect", "sotto.provider", "sotto.model"] as const;
  assert.deepEqual(
    attributes.map((key) => attributeOf(request, key)),
    [200, "unified", "local", "sotto-mini"],
  );
  assert.equal(attributeOf(request, "sotto.request_id"), reply.headers.get("x-request-id"));
  for (const name of ["upload", "decode", "queue wait", "render"]) assert.equal(named(spans, name).length, 1, name);
  const windows = named(spans, "window");
  assert.ok(windows.length > 1, `${windows.length} windows`);
  for (const span of spans.filter((each) => each !== request)) {
    assert.equal(span.parentSpanId, request.spanId, span.name);
    assert.ok(startOf(span) <= endOf(span), span.name);
    // What an engine took in another process is told to the millisecond.
    assert.ok(startOf(span) >= startOf(request) - 2 && endOf(span) <= endOf(request) + 2, `${span.name} lies within`);
  }
  const [upload, render] = [...named(spans, "upload"), ...named(spans, "render")];
  assert.ok(upload && render && windows.every((span) => startOf(span) >= endOf(upload) - 2));
  assert.ok(windows.every((span) => endOf(span) <= startOf(render) + 2));
  assert.ok(Number(attributeOf(windows[0] as ReceivedSpan, "sotto.tokens")) > 0);
  assert.equal(receiver.services.has("sotto"), true);
});

test("a try at a provider is a span of which the provider is told", async () => {
  const { spans, reply, traceId } = await ask(TRANSCRIPTIONS, { model: "large", enable_model_fallback: "true" });
  assert.deepEqual([reply.status, reply.headers.get("x-sotto-provider")], [200, "outside"]);
  const [overflow] = named(spans, "overflow");
  const [attempt] = named(spans, "overflow try");
  assert.ok(overflow && attempt);
  assert.deepEqual([attempt.kind, attempt.parentSpanId], [3, overflow.spanId]);
  assert.deepEqual(
    [
      attributeOf(overflow, "sotto.rule"),
      attributeOf(attempt, "sotto.provider"),
      attributeOf(attempt, "sotto.outcome"),
    ],
    ["model", "outside", "answered"],
  );
  assert.equal(provider.last.headers.traceparent, `00-${traceId}-${attempt.spanId}-01`);
});

test("what fails says so by its code, and a provider's failure is told of its try", async () => {
  const wrong = await ask("/openai/v1/audio/transcriptions", { temperature: "9" });
  const [request] = wrong.spans.filter(({ kind }) => kind === 2);
  assert.ok(request);
  assert.deepEqual([attributeOf(request, "error.type"), request.status.code], ["invalid_value", 0]);
  provider.moods = [{ status: 500 }];
  const failed = await ask(TRANSCRIPTIONS, { model: "large", enable_model_fallback: "true" });
  provider.moods = ["answers"];
  assert.equal(failed.reply.status, 502);
  const [own, attempt] = [failed.spans.find(({ kind }) => kind === 2), ...named(failed.spans, "overflow try")];
  assert.deepEqual([own && attributeOf(own, "error.type"), own?.status.code], ["provider_failed", 2]);
  assert.deepEqual([attempt && attributeOf(attempt, "error.type"), attempt?.status.code], ["server_error", 2]);
});

test("neither text, prompts, names of users nor keys are in what is sent", async () => {
  const fields = { prompt: "Zanzibar marmalade", user: "somebody@example.org", response_format: "verbose_json" };
  const { text } = await ask(TRANSCRIPTIONS, fields);
  const { text: spoken } = JSON.parse(text) as { text: string };
  assert.ok(spoken.length > 2);
  assert.ok(receiver.text.includes("queue wait"));
  for (const secret of [spoken.trim(), "Zanzibar", "somebody@", apiKey, KEY, SECRET_HEADER, wav]) {
    assert.ok(!receiver.text.includes(secret), secret);
  }
  assert.equal(receiver.headers[0]?.["x-tenant"], SECRET_HEADER, "the collector's own key goes to it alone");
  assert.ok(!server.log().includes(SECRET_HEADER));
});

test("probes are not traced, and a traceparent that is none begins a new trace", async () => {
  const { length } = receiver.spans;
  for (const path of ["/healthz", "/readyz"]) await (await fetch(`${server.url}${path}`)).text();
  const headers = { traceparent: `00-${"0".repeat(32)}-${PARENT}-01`, authorization: `Bearer ${apiKey}` };
  await (await fetch(`${server.url}/v1/models`, { headers })).text();
  for (let waitedMs = 0; receiver.spans.length === length && waitedMs < 20_000; waitedMs += 20)
    await new Promise((resolve) => setTimeout(resolve, 20));
  const [span, ...more] = receiver.spans.slice(length);
  assert.deepEqual([span?.name, span?.parentSpanId, more.length], ["GET /v1/models", undefined, 0]);
  assert.match(span?.traceId ?? "", /[1-9a-f]/);
});

test("a collector that is not there costs no request, and the server ends in time", async () => {
  const gone = await OtlpReceiver.start();
  const { url } = gone;
  await gone.stop();
  const other = await startServer([], { ...SOON, OTEL_EXPORTER_OTLP_ENDPOINT: url });
  assert.equal((await postFile(`${other.url}${TRANSCRIPTIONS}`, wav)).status, 200);
  const startedMs = performance.now();
  assert.equal(await other.stop(), 0);
  assert.ok(performance.now() - startedMs < 30_000);
  assert.match(other.log(), /^traces go to 127\.0\.0\.1:\d+$/m);
});

test("air-gapped, traces go to this machine or the server does not start", async () => {
  const args = ["serve", "--port", "0", "--air-gapped"];
  for (const environment of [{}, { OTEL_EXPORTER_OTLP_ENDPOINT: "http://10.0.0.7:4318" }]) {
    const flag = environment.OTEL_EXPORTER_OTLP_ENDPOINT
      ? []
      : ["--otlp-endpoint", "https://user:pw@collector.example"];
    const { code, stderr } = await runSotto([...args, ...flag], environment);
    assert.equal(code, 2);
    assert.match(stderr, /loopback address .* for traces with --air-gapped/);
    assert.doesNotMatch(stderr, /pw/);
  }
  const home = await startServer(["--air-gapped", "--otlp-endpoint", receiver.url], SOON);
  assert.equal(await home.stop(), 0);
  const { code, stderr } = await runSotto([...args, "--otlp-endpoint", "nowhere:token"]);
  assert.equal(code, 2);
  assert.match(stderr, /http or https URL .* for --otlp-endpoint/);
  assert.doesNotMatch(stderr, /token/);
});

test("without the option nothing of OpenTelemetry is loaded", async () => {
  const tell = join(folder, "tell.cjs");
  writeFileSync(
    tell,
    `const { _cache } = require("node:module");
process.on("exit", () => {
  const loaded = Object.keys(_cache).filter((path) => path.includes("@opentelemetry")).length;
  process.stderr.write("LOADED " + loaded + "\\n");
});
`,
  );
  const loadedBy = async (args: string[]) => {
    const started = await startServer(args, { NODE_OPTIONS: `--require=${tell}` });
    assert.equal((await postFile(`${started.url}${TRANSCRIPTIONS}`, wav)).status, 200);
    assert.equal(await started.stop(), 0);
    // The server is the last to end; its children say nothing of themselves here.
    return Number(/LOADED (\d+)\n(?![\s\S]*LOADED)/.exec(started.log())?.[1]);
  };
  assert.equal(await loadedBy([]), 0);
  assert.ok((await loadedBy(["--otlp-endpoint", receiver.url])) > 10);
});
