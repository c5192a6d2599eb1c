import { basename, join } from "node:path";
import type { Server as TlsServer } from "node:tls";
import { promisify } from "node:util";
import { modelIdOf } from "../catalog/model-id.js";
import { ModelPuller } from "../catalog/model-puller.js";
import { ModelStore } from "../catalog/model-store.js";
import { CommandError, readCommandLine, UsageError } from "../core/config.js";
import { defaultMemoryLimitBytes } from "../core/memory.js";
import type { Config } from "../core/options.js";
import { packageRoot } from "../core/package-root.js";
import { isSecretInSight } from "../core/secret.js";
import { chooseBackend, decodesTogether } from "../engine/backend.js";
import { chooseShare, tuningPlace } from "../engine/tuned-share.js";
import { JoinedWork } from "../http/joined-work.js";
import { KeptResults } from "../http/kept-results.js";
import { RateLimits } from "../http/rate-limits.js";
import { UploadPlaces } from "../http/upload-places.js";
import { findDecoder } from "../media/decoder-check.js";
import { UrlFetcher } from "../media/fetch-url.js";
import { SpoolFolder } from "../media/spool.js";
import { URL_POLICIES } from "../media/url-policy.js";
import { Metrics } from "../observe/metrics.js";
import { SpeechDetection } from "../plan/speech-detection.js";
import { Overflow } from "../remote/overflow.js";
import { SpendLedger } from "../remote/spend-ledger.js";
import type { Bounds } from "../schedule/admission.js";
import { Scheduler } from "../schedule/scheduler.js";
import { Transcriber } from "../transcriber.js";
import { demandAirGap } from "./air-gap.js";
import { Callers } from "./callers.js";
import { OptionsInForce } from "./options-in-force.js";
import { overflowSettings } from "./overflow-settings.js";
import { Shutdown } from "./shutdown.js";
import { readTls } from "./tls.js";
import { openTracer } from "./tracing.js";

const BYTES_PER_MIB = 1024 * 1024;

/** `sotto serve`: resolves with the exit code once the server has ended. */
export async function runServe(args: string[]): Promise<number> {
  const { config, positionals } = readCommandLine("serve", args, process.env);
  if (positionals.length > 0) throw new UsageError(`serve takes no argument, but received '${positionals[0]}'.`);

  demandAirGap(config);
  if (isSecretInSight(args, "jwt-secret")) {
    note("--jwt-secret stands on the command line, where other users see it; better: --jwt-secret @FILE");
  }
  const overflow = new Overflow({ ledger: new SpendLedger(config.home), note });
  overflow.use(overflowSettings(config, process.env, note));
  const callers = await Callers.accept(config, note);
  const store = new ModelStore({ home: config.home, configuredModel: config.model });
  const model = await store.find(undefined);
  const backend = await chooseBackend(config, note);
  const speech = new SpeechDetection({ modelsFolder: store.folder, cpuModule: backend.cpuModule, warn: note });
  const asked = { workers: config.workers, threads: config.threads };
  const cores = chooseShare(asked, backend, tuningPlace(config.home, model));
  const scheduler = new Scheduler({
    cores,
    backend,
    warn: note,
    onEngineEnd: ({ modelPath, fromWithin }) =>
      metrics.engineEnded(modelIdOf(basename(modelPath)), fromWithin ? "crash" : "kill"),
    bounds: boundsOf(config),
    memoryLimitBytes: config.memoryLimit ?? defaultMemoryLimitBytes(),
    takenBytes: () => speech.residentBytes,
    keepAliveMs: config.keepAlive,
  });
  const spoolFolder = await SpoolFolder.create(config.home, config.spoolReserve);
  const uploads = new UploadPlaces(config.maxUploads);
  const metrics = new Metrics(async () => ({
    ...scheduler.moment,
    spoolBytes: await spoolFolder.usedBytes(),
    spoolFreeBytes: await spoolFolder.space.freeBytes(),
    uploads: uploads.taken,
    connections: await promisify(server.server.getConnections.bind(server.server))(),
    breakers: overflow.breakers,
  }));
  const transcriber = new Transcriber({
    scheduler,
    ffmpegPath: config.ffmpeg,
    maximumMs: config.maxDuration,
    spoolSpace: spoolFolder.space,
    detector: () => speech.detector(),
  });
  const tracer = await openTracer(config, process.env, note);
  const shutdown = new Shutdown(config.drainMs);
  const tls = readTls(config);
  const puller = openPuller(config, store.folder, note);
  // The engine's process starts while the web server's modules, half of all, are loaded here.
  await using engines = { [Symbol.asyncDispose]: () => scheduler.close() };
  const loading = Promise.all([scheduler.load(model), findDecoder(config.ffmpeg)]);
  loading.catch(() => {}); // awaited below
  const { createServer } = await import("../http/server.js");
  const server = await createServer({
    store,
    puller,
    scheduler,
    spoolFolder,
    transcriber,
    urlFetcher: new UrlFetcher({ policy: URL_POLICIES[config.allowUrl] }),
    rateLimits: await RateLimits.create({
      requests: config.rateLimitRequests,
      audioSeconds: config.rateLimitAudioSeconds,
    }),
    joinedWork: new JoinedWork(new KeptResults()),
    overflow,
    ffmpegPath: config.ffmpeg,
    maxUploadBytes: config.maxUploadMb * BYTES_PER_MIB,
    uploads,
    uploadPace: {
      minBytesPerSec: config.minUploadRate,
      graceMs: config.uploadGrace,
      totalMs: config.uploadTimeout,
    },
    headTimeoutMs: config.headTimeout,
    idleTimeoutMs: config.idleTimeout,
    shutdown: shutdown.signal,
    logLevel: config.logLevel,
    tls,
    metrics,
    tracer,
    metricsAccess: config.metrics,
    corsOrigin: config.corsOrigin,
    authenticator: callers.authenticator,
    isDraining: () => shutdown.isDraining,
  });
  const closeEngines = async () => {
    await Promise.all([engines[Symbol.asyncDispose](), speech.close()]);
  };
  const closeSpool = () => spoolFolder.close();
  const ended = shutdown.afterSignal([
    () => server.close(),
    async () => puller?.close(),
    closeEngines,
    closeSpool,
    () => tracer.close(),
  ]);
  const inForce = new OptionsInForce(config, () => readCommandLine("serve", args, process.env).config, note);
  // A terminal that closes must not end the server either.
  process.on("SIGHUP", () =>
    inForce.readAgain(async (changed) => {
      demandAirGap(changed);
      const renewed = readTls(changed);
      const settings = overflowSettings(changed, process.env, note);
      await callers.change(changed);
      overflow.use(settings);
      if (renewed) (server.server as unknown as TlsServer).setSecureContext(renewed);
    }),
  );

  const [, decoder] = await loading;
  if (!decoder.found) note(`ffmpeg was not found; requests will be answered 503. ${decoder.remedy}`);
  note(
    `model ${model.id} on ${backend.device ?? `the CPU (${backend.kernels ?? backend.cpuVariant})`}; windows at once: ${cores.workers}, threads for ${decodesTogether(backend) ? "all" : "each"}: ${cores.threadsPerWorker}${cores.isTuned ? ", as sotto bench --tune found" : ""}${backend.shortWindows ? "; short windows" : ""}`,
  );
  note(await speech.describe());
  if (model.demonstration) {
    const remedy = "for a real one: npx sotto models pull base-q8_0";
    note(`${model.id} is the demonstration model: it knows ${model.demonstration}; ${remedy}`);
  }
  const { line, curlArguments } = await callers.describe();
  note(line);
  await server.listen({ host: config.host, port: config.port }).catch(async (error: NodeJS.ErrnoException) => {
    await closeEngines();
    await closeSpool();
    throw new CommandError(cannotListen(error, config));
  });
  const address = server.server.address();
  const port = typeof address === "object" && address ? address.port : config.port;
  const url = `${tls ? "https" : "http"}://${config.host.includes(":") ? `[${config.host}]` : config.host}:${port}`;
  process.stdout.write(`listening on ${url}\n`);
  note(
    `try: curl ${tls ? "--cacert YOUR-CA.pem " : ""}${url}/v1/audio/transcriptions${curlArguments} -F file=@${join(packageRoot(), "models", "demo-es.opus")}`,
  );
  await ended;
  return 0;
}

/** In the units of the scheduler. */
function boundsOf(config: Config): Bounds {
  const none = Number.POSITIVE_INFINITY;
  return {
    maxQueue: config.maxQueue,
    maxQueueAudioMs: 1000 * (config.maxQueueAudioSeconds ?? none),
    maxPerOwner: config.maxPerKey ?? none,
    maxPerOwnerAudioMs: 1000 * (config.maxPerKeyAudioSeconds ?? none),
  };
}

function openPuller(
  { allowPull, source, spoolReserve }: Config,
  folder: string,
  noteLine: (line: string) => void,
): ModelPuller | undefined {
  if (!allowPull) return undefined;
  return new ModelPuller({ folder, source, reserveBytes: spoolReserve, note: noteLine });
}

function cannotListen(
  { code, message }: NodeJS.ErrnoException,
  { host, port }: { host: string; port: number },
): string {
  if (code === "EADDRINUSE") return `port ${port} on ${host} is in use; choose another with --port.`;
  if (code === "EACCES") return `port ${port} needs more rights; choose one above 1023 with --port.`;
  return `cannot listen on ${host}, port ${port}: ${message}`;
}

/** A line for the operator; standard output holds the address alone. */
function note(line: string): void {
  process.stderr.write(`${line}\n`);
}
