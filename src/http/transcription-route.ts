import { createHash, randomUUID } from "node:crypto";
import type { FastifyReply, FastifyRequest } from "fastify";
import { chooseModel } from "../catalog/choose-model.js";
import type { ModelStore } from "../catalog/model-store.js";
import { SottoError, sottoError } from "../core/errors.js";
import { LinkedAbort } from "../core/linked-abort.js";
import type { Task, TranscribeRequest } from "../core/request.js";
import type { Segment, Transcript } from "../core/result.js";
import type { Dialect } from "../dialects/dialect.js";
import { openAiErrorBody } from "../dialects/openai-error.js";
import { ignoredFields } from "../dialects/parse-fields.js";
import type { UrlFetcher } from "../media/fetch-url.js";
import type { SpoolFolder } from "../media/spool.js";
import type { Metrics } from "../observe/metrics.js";
import { OVERFLOW_HEADER } from "../remote/hop.js";
import type { Overflow } from "../remote/overflow.js";
import type { ReplyStamp } from "../render/rendered.js";
import type { Scheduler } from "../schedule/scheduler.js";
import type { Transcriber } from "../transcriber.js";
import { Deadline } from "./deadline.js";
import { toSottoError } from "./error-reply.js";
import { EventStream } from "./event-stream.js";
import { headerList } from "./header-list.js";
import type { JoinedWork } from "./joined-work.js";
import { serveLocalOrRemote } from "./local-or-remote.js";
import type { RateLimits } from "./rate-limits.js";
import { readForm } from "./read-form.js";
import { recordingSource } from "./recording-source.js";
import { requestHead } from "./request-head.js";
import { RequestHold } from "./request-hold.js";
import { TranscriptStream } from "./transcript-stream.js";
import { workIdentity } from "./work-identity.js";

/** What the same requests share: a reply that is sent again has the same id. */
export interface Outcome {
  transcript: Transcript;
  stamp: ReplyStamp;
}

export interface TranscriptionParts {
  store: ModelStore;
  spoolFolder: SpoolFolder;
  scheduler: Scheduler;
  transcriber: Transcriber;
  urlFetcher: UrlFetcher;
  joinedWork: JoinedWork<Outcome, readonly Segment[]>;
  rateLimits: RateLimits | undefined;
  metrics: Metrics;
  overflow: Overflow;
  maxUploadBytes: number;
  /** Aborts when the time for draining is over. */
  shutdown: AbortSignal;
}

/** What a route's dialect and path say of every request that comes to it. */
interface Service {
  dialect: Dialect;
  task: Task;
}

/** A request's outcome, and what of the reply is this request's own. */
interface Answer extends Outcome {
  parsed: TranscribeRequest;
  /** Whether another request did the work. */
  joined: boolean;
}

/** One transcription request, from its upload to its reply: in one piece, or as events while the work goes on. */
export async function answerTranscription(
  request: FastifyRequest,
  reply: FastifyReply,
  service: Service,
  parts: TranscriptionParts,
): Promise<FastifyReply> {
  const stop = new LinkedAbort(parts.shutdown);
  const { signal } = stop;
  reply.raw.once("close", () => {
    if (!reply.raw.writableFinished) stop.abort(sottoError("client_closed", {}));
    stop[Symbol.dispose]();
  });

  const events = new EventStream(signal);
  let stream: TranscriptStream | undefined;
  const openStream = ({ include }: TranscribeRequest) => {
    const hasLogprobs = include.includes("logprobs");
    stream = new TranscriptStream(events, { hasLogprobs, leave: (reason) => stop.abort(reason) });
    return stream;
  };
  const work = transcribe(request, reply, service, { parts, signal, openStream }).finally(() => events.close());

  // What fails before the first event is answered with its own status.
  await Promise.race([events.opened, work]);
  if (stream) {
    void endStream(stream, work, { dialect: service.dialect, request });
    reply.header("content-type", "text/event-stream; charset=utf-8");
    return reply.header("cache-control", "no-cache").header("x-accel-buffering", "no").send(events.readable);
  }
  const { transcript, stamp, parsed } = await work;
  sayWho(reply, transcript);
  const { contentType, body } = service.dialect.render(transcript, parsed, stamp, requestHead(request));
  return reply.header("content-type", contentType).send(body);
}

async function endStream(
  stream: TranscriptStream,
  work: Promise<Answer>,
  { dialect, request }: { dialect: Dialect; request: FastifyRequest },
): Promise<void> {
  try {
    const { transcript, parsed, joined } = await work;
    await stream.end(transcript, dialect.streamEnd?.(transcript, parsed) ?? {}, { joined });
  } catch (error) {
    await stream.fail(openAiErrorBody(toSottoError(error, request)));
  }
}

/** From the upload to the transcript, which may be that of the same request under way. */
async function transcribe(
  request: FastifyRequest,
  reply: FastifyReply,
  service: Service,
  context: {
    parts: TranscriptionParts;
    signal: AbortSignal;
    openStream: (parsed: TranscribeRequest) => TranscriptStream;
  },
): Promise<Answer> {
  const { parts, signal, openStream } = context;
  // What has overflowed once stays here, whoever sends it.
  const overflow =
    request.headers[OVERFLOW_HEADER] === undefined && parts.overflow.hasProviders ? parts.overflow : undefined;
  const hold = await RequestHold.take({ ...parts, overflow });
  const prepared = await prepare(request, reply, service, { ...parts, overflow }, hold.folder).catch(async (error) => {
    await hold.release();
    throw error;
  });
  const { parsed, model, recording, identity } = prepared;
  const stream = parsed.stream ? openStream(parsed) : undefined;
  using deadline = new Deadline(parsed.timeoutMs, request.arrivedMs);
  using stop = new LinkedAbort(signal, deadline.signal);
  const { result, joined } = await parts.joinedWork.join(identity, stop.signal, {
    run: async (workSignal, publish) => {
      const source = { inputPath: await recording.toFile(workSignal), folder: hold.folder };
      const onSegments = (segments: readonly Segment[]) => {
        publish(segments);
        return stream?.write(segments);
      };
      const ready = { parsed, recording: source, model, hold, requestId: request.id };
      const transcript = await serveLocalOrRemote(ready, { ...parts, overflow }, workSignal, {
        // Before the first event, with which the headers of a stream are gone.
        onAsk: (asked) => sayWho(reply, asked),
        onRecord: (record) => {
          request.log.info({ overflow: record }, "overflow");
          parts.metrics.overflowed(record.rule, record.answer);
        },
        ...(stream ? { onSegments } : {}),
      });
      parts.metrics.transcribed(transcript);
      await parts.rateLimits?.hear(request.caller, transcript.durationMs / 1000);
      return { transcript, stamp: newStamp() };
    },
    onJoin: () => void reply.header("x-sotto-joined", "true"),
    onStep: (segments) => stream?.follow(segments),
    release: () => hold.release(),
  });
  if (joined) {
    parts.metrics.joined();
    sayWho(reply, result.transcript);
  }
  return { ...result, parsed, joined };
}

/** Who makes the answer, and with which model. */
function sayWho(reply: FastifyReply, { provider, model }: { provider: string; model: string }): void {
  if (!reply.sent) reply.header("x-sotto-provider", provider).header("x-sotto-model", model || "default");
}

/** Reads and checks all of a request, so that nothing but the recording itself can still be wrong. */
async function prepare(
  request: FastifyRequest,
  reply: FastifyReply,
  { dialect, task }: Service,
  {
    store,
    urlFetcher,
    maxUploadBytes,
    overflow,
  }: Omit<TranscriptionParts, "overflow"> & { overflow: Overflow | undefined },
  folder: string,
) {
  const maxFileBytes = Math.min(maxUploadBytes, dialect.maxFileBytes ?? Number.POSITIVE_INFINITY);
  const form = await readForm(request, folder, maxFileBytes);
  const ignored = ignoredFields(dialect.fields, form.fields, { hasProviders: overflow !== undefined });
  if (ignored.length > 0) reply.header("x-sotto-ignored", headerList(ignored));
  const recording = recordingSource(form, dialect, { fetcher: urlFetcher, folder, maxFileBytes });
  const parsed = dialect.parse(form.fields, task, requestHead(request));
  request.client = { user: parsed.user && fingerprint(parsed.user), origin: parsed.origin };
  const model = await chooseModel(store, parsed).catch((error: unknown) => {
    const isMissing = error instanceof SottoError && error.code === "model_not_found";
    if (isMissing && overflow && parsed.enableModelFallback) return error;
    throw error;
  });
  if (!(model instanceof SottoError)) reply.header("x-sotto-model", model.id);
  const identity = workIdentity({
    caller: `${request.caller.kind} ${request.caller.name}`,
    route: `${dialect.name} ${task}`,
    fields: form.fields,
    recording: recording.identity,
    idempotencyKey: request.headers["idempotency-key"],
  });
  return { parsed, model, recording, identity };
}

function newStamp(): ReplyStamp {
  return { id: randomUUID(), createdSec: Math.floor(Date.now() / 1000) };
}

/** Tells one user from another without saying who they are. */
function fingerprint(user: string): string {
  return createHash("sha256").update(user).digest("hex").slice(0, 16);
}
