import type { Span } from "../observe/trace.js";
import { type Try, type TryResult, tryOnce } from "./one-try.js";
import type { TryRecord } from "./overflow-record.js";

/** A try as a span of its own, of which the provider is told (`traceparent`), so that its spans can become part of it. */
export async function tracedTry(
  overflow: Span,
  one: Try,
  signal: AbortSignal,
  onRecord: (record: TryRecord) => void,
): Promise<TryResult> {
  const { settings } = one.provider;
  const attributes = {
    "sotto.provider": settings.name,
    "sotto.dialect": settings.dialect,
    "sotto.model": one.job.model,
    "server.address": new URL(settings.baseUrl).hostname,
  };
  const span = overflow.child("overflow try", { kind: "client", attributes });
  const note = (record: TryRecord) => {
    span.note({ "sotto.outcome": record.outcome, "http.response.status_code": record.status });
    span.end(record.outcome === "answered" ? {} : { error: record.outcome });
    onRecord(record);
  };
  try {
    return await tryOnce({ ...one, job: { ...one.job, traceHeaders: span.headers } }, signal, note);
  } catch (error) {
    span.end({ error });
    throw error;
  }
}
