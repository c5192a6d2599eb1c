import { randomUUID } from "node:crypto";
import type { FastifyReply, FastifyRequest } from "fastify";
import type { ModelStore } from "../catalog/model-store.js";
import { sottoError } from "../core/errors.js";
import type { Task } from "../core/request.js";
import type { Dialect } from "../dialects/dialect.js";
import type { SpoolFolder } from "../media/spool.js";
import type { Scheduler } from "../schedule/scheduler.js";
import type { Transcriber } from "../transcriber.js";
import { Deadline } from "./deadline.js";
import { readForm } from "./read-form.js";

export interface TranscriptionParts {
  store: ModelStore;
  spoolFolder: SpoolFolder;
  scheduler: Scheduler;
  transcriber: Transcriber;
  maxUploadBytes: number;
  /** Aborts when the time for draining is over. */
  shutdown: AbortSignal;
}

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

  const { transcript, parsed, ignored } = await transcribe(request, reply, { dialect, task }, parts, signal);
  if (ignored.length > 0) reply.header("x-sotto-ignored", headerList(ignored));
  reply.header("x-sotto-provider", transcript.provider);
  const stamp = { id: `trn_${randomUUID().replaceAll("-", "")}`, createdSec: Math.floor(Date.now() / 1000) };
  const { contentType, body } = dialect.render(transcript, parsed, stamp);
  return reply.header("content-type", contentType).send(body);
}

/** All that needs a place and files; both are given back before the client hears of the outcome. */
async function transcribe(
  request: FastifyRequest,
  reply: FastifyReply,
  { dialect, task }: { dialect: Dialect; task: Task },
  parts: TranscriptionParts,
  signal: AbortSignal,
) {
  const place = parts.scheduler.admit();
  try {
    await using work = await parts.spoolFolder.open();
    const form = await readForm(request, work.path, parts.maxUploadBytes);
    const parsed = dialect.parse(form.fields, task);
    const model = await parts.store.find(parsed.model);
    reply.header("x-sotto-model", model.id);
    const recording = { inputPath: form.filePath, folder: work.path };
    using deadline = new Deadline(parsed.timeoutMs, request.arrivedMs);
    const stop = AbortSignal.any([signal, deadline.signal]);
    const transcript = await parts.transcriber.transcribe(recording, parsed, model, stop);
    return { transcript, parsed, ignored: dialect.ignored(form.fields) };
  } finally {
    place.leave();
  }
}

/** Longest `x-sotto-ignored`: proxies refuse headers of some kilobytes. */
const MAX_HEADER_CHARACTERS = 1000;

/** Names from a client made fit for a header. */
function headerList(names: string[]): string {
  const list = names.map((name) => name.replace(/[^\w.[\]-]/g, "?")).join(", ");
  return list.length > MAX_HEADER_CHARACTERS ? `${list.slice(0, MAX_HEADER_CHARACTERS)}...` : list;
}
