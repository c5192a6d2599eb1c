import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { mkdtempSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, test } from "node:test";
import { PROVIDER_DIALECTS, type ProviderDialect } from "../../src/core/provider-settings.js";
import { type Mood, StandIn } from "../remote/stand-in.js";
import { eventsOf, type StreamEvent } from "../support/events.js";
import { fixtureOf } from "../support/fixtures.js";
import { type ErrorBody, postFile } from "../support/post.js";
import { type RunningServer, startServer } from "../support/sotto.js";

const TEXT = "Hello world. Good bye.";
const folder = mkdtempSync(join(tmpdir(), "sotto-dialects-"));
const wav = join(folder, "clip.wav");
/** One provider of each dialect, named after it; another that streams; and one that takes what the others fail at. */
const services = new Map<string, StandIn>();
const MODELS: Partial<Record<string, string>> = { streaming: "gpt-4o-transcribe" };
let server: RunningServer;

before(async () => {
  execFileSync("ffmpeg", ["-v", "error", "-i", fixtureOf(1, 8).path, wav]);
  const dialects: Record<string, ProviderDialect> = { streaming: "openai", spare: "cortecs" };
  for (const dialect of PROVIDER_DIALECTS) dialects[dialect] = dialect;
  const providers = [];
  for (const [name, dialect] of Object.entries(dialects)) {
    const service = await StandIn.start(dialect);
    services.set(name, service);
    providers.push({
      ...{ name, dialect, baseUrl: service.baseUrl, models: { "*": MODELS[name] ?? "whisper-1" } },
      ...{ pricePerMinute: name === "spare" ? 9 : 1, speed: 1000, concurrency: 100 },
      // Of a stand-in that hangs or stalls; one that answers does so at once.
      ...{ firstByteTimeoutMs: 2000, timeoutMs: 3000 },
    });
  }
  const config = join(folder, "config.json");
  writeFileSync(config, JSON.stringify({ providers }));
  server = await startServer(["--config", config]);
});
after(async () => {
  assert.deepEqual(readdirSync(join(server.home, "spool")), []);
  assert.equal(await server.stop(), 0);
  for (const service of services.values()) await service.stop();
  rmSync(folder, { recursive: true, force: true });
});

let count = 0;
/** Asks for a model that is not here, of these providers; each request is another. */
const ask = (allowed: string[], fields: Record<string, string> = {}, path = "/v1/audio/transcriptions") =>
  postFile(`${server.url}${path}`, wav, {
    ...{ model: "large", enable_model_fallback: "true", preference: "cost", user: `u${count++}` },
    ...{ allowed_providers: JSON.stringify(allowed) },
    ...fields,
  });
const providerOf = (reply: Response) => reply.headers.get("x-sotto-provider");

for (const name of [...PROVIDER_DIALECTS, "streaming"]) {
  // What is told of the whole alone is one segment.
  const isWhole = name === "v2" || name === "streaming";

  test(`${name}: every response format comes of its answer`, async () => {
    const formats = ["json", "text", "srt", "vtt", "verbose_json"];
    const granularities = { "timestamp_granularities[]": "word" };
    const replies = await Promise.all(
      formats.map(async (format) => {
        const reply = await ask([name], {
          response_format: format,
          ...(format === "verbose_json" ? granularities : {}),
        });
        assert.deepEqual([reply.status, providerOf(reply)], [200, name], format);
        return reply.text();
      }),
    );
    const [json = "", text, srt = "", vtt = "", verbose = ""] = replies;
    assert.equal((JSON.parse(json) as { text: string }).text, TEXT);
    assert.equal(text, `${TEXT}\n`);
    const cues = isWhole ? [TEXT] : ["Hello world.", "Good bye."];
    const cuesOf = (subtitles: string) => [...subtitles.matchAll(/ --> [\d:.,]+\n(.*)\n/g)].map(([, spoken]) => spoken);
    assert.deepEqual(cuesOf(srt), cues);
    assert.match(vtt, /^WEBVTT\n/);
    assert.deepEqual(cuesOf(vtt), cues);
    const { words, segments, task } = JSON.parse(verbose) as {
      words: { word: string; start: number; end: number }[];
      segments: { text: string; start: number; end: number }[];
      task: string;
    };
    assert.deepEqual([words.map(({ word }) => word), task], [["Hello", "world", "Good", "bye"], "transcribe"]);
    assert.deepEqual(
      segments.map((segment) => segment.text.trim()),
      cues,
    );
    for (const { start, end } of [...words, ...segments]) assert.ok(start >= 0 && end >= start);
  });

  test(`${name}: a stream comes of its answer, and its deltas are the whole text`, async () => {
    const reply = await ask([name], { stream: "true" });
    assert.deepEqual([reply.status, providerOf(reply)], [200, name]);
    const events: StreamEvent[] = [];
    for await (const event of eventsOf(reply)) events.push(event);
    const deltas = events.filter(({ type }) => type === "transcript.text.delta").map(({ delta }) => delta);
    const done = events.at(-1);
    assert.deepEqual([done?.type, done?.text, deltas.join("")], ["transcript.text.done", TEXT, TEXT]);
    // The others answer at once, and some without segments.
    assert.ok(deltas.length >= (name === "streaming" ? 2 : 1), `${deltas.length} deltas`);
  });
}

const MOODS: [string, Mood][] = [
  ["an error", { status: 500 }],
  ["an error that is no JSON", { status: 503, body: "<html>" }],
  ["a refusal of the request", { status: 422 }],
  ["no answer", "hangs"],
  ["an answer that stops", "stalls"],
  ["an answer that is cut off", "cuts"],
  ["a page of HTML", "garbles"],
  ["JSON of another shape", "mistakes"],
];
for (const [what, mood] of MOODS) {
  test(`every dialect: ${what} costs no request that another can serve; alone it is 502, or what is wrong with the request`, async () => {
    const outcomes = await Promise.all(
      PROVIDER_DIALECTS.map(async (name) => {
        const service = services.get(name) as StandIn;
        service.moods = [mood];
        const served = await ask([name, "spare"]);
        const alone = await ask([name]);
        const stream = await ask([name, "spare"], { stream: "true" });
        service.moods = ["answers"];
        // Failures in a row would open its breaker.
        const again = await ask([name]);
        const { error } = (await alone.json()) as ErrorBody;
        return {
          name,
          served: [served.status, providerOf(served)],
          alone: [alone.status, error.code],
          stream: [stream.status, providerOf(stream), /transcript\.text\.done/.test(await stream.text())],
          again: [again.status, providerOf(again)],
        };
      }),
    );
    for (const { name, ...outcome } of outcomes) {
      const expected = {
        served: [200, "spare"],
        alone: [502, "provider_failed"],
        stream: [200, "spare", true],
        again: [200, name],
      };
      assert.deepEqual(outcome, expected, name);
    }
  });
}

test("a stream that the provider cuts after its first words is told as an error event, and to nobody else", async () => {
  const [service, spare] = ["streaming", "spare"].map((name) => services.get(name) as StandIn);
  assert.ok(service && spare);
  service.moods = ["cuts"];
  const { length } = spare.received;
  const reply = await ask(["streaming", "spare"], { stream: "true" });
  const events: StreamEvent[] = [];
  for await (const event of eventsOf(reply)) events.push(event);
  service.moods = ["answers"];
  assert.deepEqual([events[0]?.delta, events.at(-1)?.error?.code], ["Hello", "provider_failed"]);
  assert.equal(spare.received.length, length);
});
