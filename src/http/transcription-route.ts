import { createHash, randomUUID } from "node:crypto";
import type { FastifyReply, FastifyRequest } from "fastify";
import { chooseModel } from "../catalog/choose-model.js";
import type { ModelStore } from "../catalog/model-store.js";
import { sottoError } from "../core/errors.js";
import type { Task, TranscribeRequest } from "../core/request.js";
import type { Transcript } from "../core/result.js";
import type { Dialect } from "../dialects/dialect.js";
import { openAiErrorBody } from "../dialects/openai-error.js";
import { ignoredFields } from "../dialects/parse-fields.js";
import type { SpoolFolder } from "../media/spool.js";
import { TextStream } from "../render/sse.js";
import type { Scheduler } from "../schedule/scheduler.js";
import type { Listeners, Transcriber } from "../transcriber.js";
import { Deadline } from "./deadline.js";
import { toSottoError } from "./error-reply.js";
import { EventStream } from "./event-stream.js";
import { headerList } from "./header-list.js";
import { readForm } from "./read-form.js";
import { requestHead } from "./request-head.js";

export interface TranscriptionParts {
  store: ModelStore;
  spoolFolder: SpoolFolder;
  scheduler: Scheduler;
  transcriber: Transcriber;
  maxUploadBytes: number;
  /** Aborts when the time for draining is over. */
  shutdown: AbortSignal;
}

interface Outcome {
  transcript: Transcript;
  parsed: TranscribeRequest;
}

/** One transcription request, from its upload to its reply: in one piece, or as events while the work goes on. */
export async function answerTranscription(
  request: FastifyRequest,
  reply: FastifyReply,
  { dialect, task }: { dialect: Dialect; task: Task },
  parts: TranscriptionParts,
): Promise<FastifyReply> {
  const gone = new AbortController();
  reply.raw.once("close", () => {
    if (!reply.raw.writableFinished) gone.abort(sottoError("client_closed", {}));
  });
  const signal = AbortSignal.any([gone.signal, parts.shutdown]);

  const events = new EventStream(signal);
  let text: TextStream | undefined;
  const listen = (parsed: TranscribeRequest): Listeners => {
    if (!parsed.stream) return {};
    const deltas = new TextStream(parsed.include.includes("logprobs"));
    text = deltas;
    events.keepAwake();
    return {
      onSegments: async (segments) => {
        for (const delta of deltas.deltas(segments)) await events.send(delta);
      },
    };
  };
  const work = transcribe(request, reply, { dialect, task }, { parts, signal, listen }).finally(() => events.close());

  // What fails before the first event is answered with its own status.
  await Promise.race([events.opened, work]);
  if (text) {
    void endStream(events, text, { work, dialect, request });
    reply.header("content-type", "text/event-stream; charset=utf-8");
    return reply.header("cache-control", "no-cache").header("x-accel-buffering", "no").send(events.readable);
  }
  const { transcript, parsed } = await work;
  reply.header("x-sotto-provider", transcript.provider);
  const stamp = { id: randomUUID(), createdSec: Math.floor(Date.now() / 1000) };
  const { contentType, body } = dialect.render(transcript, parsed, stamp, requestHead(request));
  return reply.header("content-type", contentType).send(body);
}

async function endStream(
  events: EventStream,
  text: TextStream,
  { work, dialect, request }: { work: Promise<Outcome>; dialect: Dialect; request: FastifyRequest },
): Promise<void> {
  try {
    const { transcript, parsed } = await work;
    events.end(text.done(dialect.streamEnd?.(transcript, parsed) ?? {}));
  } catch (error) {
    events.end(openAiErrorBody(toSottoError(error, request)));
  }
}

/** All that needs a place and files; both are given back before the client hears of the outcome. */
async function transcribe(
  request: FastifyRequest,
  reply: FastifyReply,
  { dialect, task }: { dialect: Dialect; task: Task },
  context: {
    parts: TranscriptionParts;
    signal: AbortSignal;
    listen: (parsed: TranscribeRequest) => Listeners;
  },
): Promise<Outcome> {
  const { parts, signal, listen } = context;
  const place = parts.scheduler.admit();
  try {
    await using work = await parts.spoolFolder.open();
    const maxFileBytes = Math.min(parts.maxUploadBytes, dialect.maxFileBytes ?? Number.POSITIVE_INFINITY);
    const form = await readForm(request, work.path, { dialect, maxFileBytes });
    const ignored = ignoredFields(dialect.fields, form.fields);
    if (ignored.length > 0) reply.header("x-sotto-ignored", headerList(ignored));
    const parsed = dialect.parse(form.fields, task, requestHead(request));
    request.client = { user: parsed.user && fingerprint(parsed.user), origin: parsed.origin };
    const model = await chooseModel(parts.store, parsed);
    reply.header("x-sotto-model", model.id);
    const recording = { inputPath: form.filePath, folder: work.path };
    using deadline = new Deadline(parsed.timeoutMs, request.arrivedMs);
    const stop = AbortSignal.any([signal, deadline.signal]);
    const transcript = await parts.transcriber.transcribe(recording, parsed, model, stop, listen(parsed));
    return { transcript, parsed };
  } finally {
    place.leave();
  }
}

/** Tells one user from another without saying who they are. */
function fingerprint(user: string): string {
  return createHash("sha256").update(user).digest("hex").slice(0, 16);
}
