import { readFileSync } from "node:fs";
import { join } from "node:path";
import { UsageError } from "../core/config.js";
import { isLoopback } from "../core/loopback.js";
import type { Config } from "../core/options.js";
import { packageRoot } from "../core/package-root.js";
import { NO_TRACER, type Tracer } from "../observe/trace.js";

/**
 * Traces where they are asked for: by `--otlp-endpoint`, or by the variables that OpenTelemetry itself names. Without any
 * of them none of its code is loaded.
 * @throws UsageError for what is no http(s) URL, and for any address but this machine's own with `--air-gapped`
 */
export async function openTracer(
  { otlpEndpoint, airGapped }: Pick<Config, "otlpEndpoint" | "airGapped">,
  environment: NodeJS.ProcessEnv,
  note: (line: string) => void,
): Promise<Tracer> {
  const url = tracesUrl(otlpEndpoint, environment);
  if (!url) return NO_TRACER;
  if (airGapped && !isLoopback(url.hostname)) {
    throw new UsageError(
      `Expected a loopback address such as http://127.0.0.1:4318 for traces with --air-gapped, but received '${url.host}'.`,
    );
  }
  const { version } = JSON.parse(readFileSync(join(packageRoot(), "package.json"), "utf8")) as { version: string };
  const { openOtlpTracer } = await import("../observe/otlp-tracer.js");
  note(`traces go to ${url.host}`);
  return openOtlpTracer({ url: url.href, version, note });
}

/** https://opentelemetry.io/docs/specs/otel/protocol/exporter/: the general endpoint is a base, that for traces is whole. */
function tracesUrl(option: string | undefined, environment: NodeJS.ProcessEnv): URL | undefined {
  if (option !== undefined) return demandUrl("--otlp-endpoint", option, "v1/traces");
  if (environment.OTEL_SDK_DISABLED?.toLowerCase() === "true") return undefined;
  const { OTEL_EXPORTER_OTLP_TRACES_ENDPOINT: own, OTEL_EXPORTER_OTLP_ENDPOINT: general } = environment;
  if (own) return demandUrl("OTEL_EXPORTER_OTLP_TRACES_ENDPOINT", own, "");
  if (general) return demandUrl("OTEL_EXPORTER_OTLP_ENDPOINT", general, "v1/traces");
  return undefined;
}

/** What came is not shown: it may hold a password. */
function demandUrl(origin: string, text: string, path: string): URL {
  const isUrl = URL.canParse(text) && /^https?:$/.test(new URL(text).protocol);
  if (!isUrl) throw new UsageError(`Expected an http or https URL such as http://127.0.0.1:4318 for ${origin}.`);
  const url = new URL(text);
  if (path !== "") url.pathname = `${url.pathname.replace(/\/+$/, "")}/${path}`;
  return url;
}
