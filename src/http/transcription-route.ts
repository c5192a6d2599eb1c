import { randomUUID } from "node:crypto";
import type { FastifyReply, FastifyRequest } from "fastify";
import type { ModelStore } from "../catalog/model-store.js";
import { sottoError } from "../core/errors.js";
import type { Task } from "../core/request.js";
import type { Transcript } from "../core/result.js";
import type { Dialect } from "../dialects/dialect.js";
import type { UrlFetcher } from "../media/fetch-url.js";
import type { SpoolFolder } from "../media/spool.js";
import type { ReplyStamp } from "../render/rendered.js";
import type { Scheduler } from "../schedule/scheduler.js";
import type { Transcriber } from "../transcriber.js";
import { Deadline } from "./deadline.js";
import type { JoinedWork } from "./joined-work.js";
import { readForm } from "./read-form.js";
import { recordingSource } from "./recording-source.js";
import { RequestHold } from "./request-hold.js";
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
  joinedWork: JoinedWork<Outcome>;
  maxUploadBytes: number;
  /** Aborts when the time for draining is over. */
  shutdown: AbortSignal;
}

/** There are no keys yet: all callers are one. */
const ANYBODY = "anybody";

/** One transcription request, from its upload to its reply. */
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

  const { transcript, stamp, parsed, ignored } = await transcribe(request, reply, { dialect, task }, parts, signal);
  if (ignored.length > 0) reply.header("x-sotto-ignored", headerList(ignored));
  reply.header("x-sotto-provider", transcript.provider);
  const { contentType, body } = dialect.render(transcript, parsed, stamp);
  return reply.header("content-type", contentType).send(body);
}

/** From the upload to the transcript, which may be that of the same request under way. */
async function transcribe(
  request: FastifyRequest,
  reply: FastifyReply,
  { dialect, task }: { dialect: Dialect; task: Task },
  parts: TranscriptionParts,
  signal: AbortSignal,
) {
  const hold = await RequestHold.take(parts);
  const prepared = await prepare(request, reply, { dialect, task }, parts, hold.folder).catch(async (error) => {
    await hold.release();
    throw error;
  });
  const { parsed, model, recording, identity, ignored } = prepared;
  using deadline = new Deadline(parsed.timeoutMs, request.arrivedMs);
  const { result, joined } = await parts.joinedWork.join(identity, AbortSignal.any([signal, deadline.signal]), {
    run: async (workSignal) => {
      hold.serve();
      const source = { inputPath: await recording.toFile(workSignal), folder: hold.folder };
      const transcript = await parts.transcriber.transcribe(source, parsed, model, workSignal);
      return { transcript, stamp: newStamp() };
    },
    release: () => hold.release(),
  });
  if (joined) reply.header("x-sotto-joined", "true");
  return { ...result, parsed, ignored };
}

/** Reads and checks all of a request, so that nothing but the recording itself can still be wrong. */
async function prepare(
  request: FastifyRequest,
  reply: FastifyReply,
  { dialect, task }: { dialect: Dialect; task: Task },
  { store, urlFetcher, maxUploadBytes }: TranscriptionParts,
  folder: string,
) {
  const form = await readForm(request, folder, maxUploadBytes);
  const urlInput = { fetcher: urlFetcher, folder, maxFileBytes: maxUploadBytes };
  const recording = recordingSource(form, dialect.takesUrl ? urlInput : undefined);
  const parsed = dialect.parse(form.fields, task);
  const model = await store.find(parsed.model);
  reply.header("x-sotto-model", model.id);
  const identity = workIdentity({
    caller: ANYBODY,
    route: `${dialect.name} ${task}`,
    fields: form.fields,
    recording: recording.identity,
    idempotencyKey: request.headers["idempotency-key"],
  });
  return { parsed, model, recording, identity, ignored: dialect.ignored(form.fields) };
}

function newStamp(): ReplyStamp {
  return { id: `trn_${randomUUID().replaceAll("-", "")}`, createdSec: Math.floor(Date.now() / 1000) };
}

/** Longest `x-sotto-ignored`: proxies refuse headers of some kilobytes. */
const MAX_HEADER_CHARACTERS = 1000;

/** Names from a client made fit for a header. */
function headerList(names: string[]): string {
  const list = names.map((name) => name.replace(/[^\w.[\]-]/g, "?")).join(", ");
  return list.length > MAX_HEADER_CHARACTERS ? `${list.slice(0, MAX_HEADER_CHARACTERS)}...` : list;
}
