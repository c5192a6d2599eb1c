import {
  type Attributes,
  type Context,
  defaultTextMapGetter,
  defaultTextMapSetter,
  type Span as OtelSpan,
  type Tracer as OtelTracer,
  ROOT_CONTEXT,
  SpanKind,
  SpanStatusCode,
  trace,
} from "@opentelemetry/api";
import { ExportResultCode, W3CTraceContextPropagator } from "@opentelemetry/core";
import { OTLPTraceExporter } from "@opentelemetry/exporter-trace-otlp-http";
import { defaultResource, resourceFromAttributes } from "@opentelemetry/resources";
import { BasicTracerProvider, BatchSpanProcessor, type SpanExporter } from "@opentelemetry/sdk-trace-base";
import { SottoError } from "../core/errors.js";
import type { Span, SpanAttributes, SpanEnd, SpanStart, Tracer } from "./trace.js";

export interface OtlpTracerOptions {
  /** Where traces go: OTLP over HTTP, as JSON. */
  url: string;
  version: string;
  /** Gets a line for the operator when traces cannot be sent, and when they can again. */
  note: (line: string) => void;
}

/** At the end of the server traces are sent for no longer than that. */
const CLOSE_MS = 3000;
const propagator = new W3CTraceContextPropagator();

/**
 * Spans by OpenTelemetry's own SDK, batched and sent behind the requests; more than it holds (2,048) are dropped. The
 * standard variables hold beside the URL: OTEL_EXPORTER_OTLP_HEADERS, OTEL_RESOURCE_ATTRIBUTES, OTEL_SERVICE_NAME,
 * OTEL_TRACES_SAMPLER, OTEL_BSP_*.
 */
export function openOtlpTracer({ url, version, note }: OtlpTracerOptions): Tracer {
  const exporter = telling(new OTLPTraceExporter({ url }), note);
  const names = process.env.OTEL_SERVICE_NAME ? {} : { "service.name": "sotto" };
  const provider = new BasicTracerProvider({
    resource: defaultResource().merge(resourceFromAttributes({ "service.version": version, ...names })),
    spanProcessors: [new BatchSpanProcessor(exporter)],
  });
  const tracer = provider.getTracer("sotto", version);
  return {
    request: (name, headers, start) => {
      const context = propagator.extract(ROOT_CONTEXT, headers, defaultTextMapGetter);
      return begin(tracer, context, name, start, SpanKind.SERVER);
    },
    close: async () => {
      const late = new Promise((resolve) => setTimeout(resolve, CLOSE_MS).unref());
      await Promise.race([provider.shutdown().catch(() => {}), late]);
    },
  };
}

function begin(tracer: OtelTracer, context: Context, name: string, start: SpanStart, kind: SpanKind): Span {
  const { attributes = {}, startedMs } = start;
  const options = { kind, attributes: known(attributes), ...timeOf("startTime", startedMs) };
  return new TracedSpan(tracer, context, tracer.startSpan(name, options, context));
}

class TracedSpan implements Span {
  readonly headers: Readonly<Record<string, string>>;
  readonly #tracer: OtelTracer;
  readonly #context: Context;
  readonly #span: OtelSpan;

  constructor(tracer: OtelTracer, context: Context, span: OtelSpan) {
    this.#tracer = tracer;
    this.#span = span;
    this.#context = trace.setSpan(context, span);
    const headers: Record<string, string> = {};
    propagator.inject(this.#context, headers, defaultTextMapSetter);
    this.headers = headers;
  }

  child(name: string, start: SpanStart = {}): Span {
    const kind = start.kind === "client" ? SpanKind.CLIENT : SpanKind.INTERNAL;
    return begin(this.#tracer, this.#context, name, start, kind);
  }

  note(attributes: SpanAttributes): void {
    this.#span.setAttributes(known(attributes));
  }

  end({ error, endedMs }: SpanEnd = {}): void {
    if (!this.#span.isRecording()) return;
    if (error !== undefined) {
      this.#span.setStatus({ code: SpanStatusCode.ERROR });
      this.#span.setAttribute("error.type", nameOf(error));
    }
    this.#span.end(endedMs === undefined ? undefined : epochMs(endedMs));
  }
}

/** Not its message, which may repeat what the client sent. */
function nameOf(error: unknown): string {
  if (typeof error === "string") return error;
  if (error instanceof SottoError) return error.code;
  return error instanceof Error ? error.name : "error";
}

function known(attributes: SpanAttributes): Attributes {
  return Object.fromEntries(Object.entries(attributes).filter(([, value]) => value !== undefined));
}

function timeOf(name: "startTime", ms: number | undefined) {
  return ms === undefined ? {} : { [name]: epochMs(ms) };
}

const epochMs = (ms: number) => performance.timeOrigin + ms;

/** Says once that traces do not arrive, and once that they do again; never what was answered, which may hold a key. */
function telling(exporter: SpanExporter, note: (line: string) => void): SpanExporter {
  let isFailing = false;
  return {
    export: (spans, done) =>
      exporter.export(spans, (result) => {
        const hasFailed = result.code !== ExportResultCode.SUCCESS;
        if (hasFailed && !isFailing) note("traces cannot be sent; they are dropped until they can");
        if (!hasFailed && isFailing) note("traces are sent again");
        isFailing = hasFailed;
        done(result);
      }),
    shutdown: () => exporter.shutdown(),
    forceFlush: async () => exporter.forceFlush?.(),
  };
}
