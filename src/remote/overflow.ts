import { type SottoError, sottoError } from "../core/errors.js";
import type { TranscribeRequest } from "../core/request.js";
import type { Transcript } from "../core/result.js";
import { Breaker } from "./breaker.js";
import { estimatedMs, priceOf } from "./job-estimate.js";
import { keptUpload, obstacleTo } from "./kept-upload.js";
import { tryOnce } from "./one-try.js";
import { type OverflowReason, type OverflowRecord, refusedByName, type TryRecord } from "./overflow-record.js";
import { type Because, type Candidate, type Choice, chooseByPolicy } from "./policy.js";
import type { OnSegments, Provider, RemoteJob } from "./provider.js";
import type { ProviderFailure } from "./provider-failure.js";
import type { Bill, SpendLedger } from "./spend-ledger.js";

/** The first candidate and one more. */
const MAX_TRIES = 2;

/** A request that goes out. */
export interface OverflowJob {
  request: TranscribeRequest;
  reason: OverflowReason;
  /** Of the wanted model, the client's own first. */
  modelNames: readonly string[];
  uploadPath: string;
  /** Of the recording, in milliseconds; undefined: not known here. */
  durationMs?: number | undefined;
  requestId: string;
}

export interface OverflowListeners {
  /** Called before each try with who is asked. */
  onAsk?: ((asked: { provider: string; model: string }) => void) | undefined;
  onSegments?: OnSegments | undefined;
  /** Called once, whatever the outcome. */
  onRecord?: ((record: OverflowRecord) => void) | undefined;
}

export type OverflowOutcome =
  | { kind: "answered"; transcript: Transcript }
  /** No provider may be asked, or none can be just now. */
  | { kind: "no_candidate" }
  /** `hasBegun`: part of an answer has been handed on, so that nobody else can give it any more. */
  | { kind: "failed"; error: SottoError; hasBegun: boolean };

/** What may change while the server runs. */
export interface OverflowSettings {
  providers: readonly Provider[];
  /** In milliseconds. */
  overflowAfterMs: number;
  /** See {@link SpendLedger}. */
  dailySpendLimit: number | undefined;
}

/** What is learnt of a provider. */
interface Seat {
  breaker: Breaker;
  running: number;
}

export interface OverflowParts {
  ledger: SpendLedger;
  /** Gets a line for the operator. */
  note?: ((line: string) => void) | undefined;
  /** For the breakers, in milliseconds; never goes back. */
  now?: (() => number) | undefined;
}

interface Failed {
  provider: string;
  failure: ProviderFailure;
}

/** Hands requests to remote providers: which of them, how often, for how much. docs/overflow.md has the rules. */
export class Overflow {
  readonly #parts: OverflowParts;
  /** By name; it outlives a change of the settings. */
  readonly #seats = new Map<string, Seat>();
  #settings: OverflowSettings = {
    providers: [],
    overflowAfterMs: Number.POSITIVE_INFINITY,
    dailySpendLimit: undefined,
  };
  #claims = 0;

  constructor(parts: OverflowParts) {
    this.#parts = parts;
  }

  /** Takes these providers and limits from now on; what is under way goes on as it began. */
  use(settings: OverflowSettings): void {
    this.#settings = settings;
  }

  get hasProviders(): boolean {
    return this.#settings.providers.length > 0;
  }

  /** Wait from which on a request goes out, in milliseconds. */
  get overflowAfterMs(): number {
    return this.hasProviders ? this.#settings.overflowAfterMs : Number.POSITIVE_INFINITY;
  }

  /**
   * The right to read an upload for which there is no place here: as many as all providers together take at once.
   * @returns undefined when there is none; else what gives it back, once
   */
  claim(): (() => void) | undefined {
    const settings = this.#settings.providers.map((provider) => provider.settings);
    const limit = settings.reduce((sum, { concurrency }) => sum + concurrency, 0);
    const isAnyOpen = settings.some(({ name }) => this.#seat(name).breaker.state !== "open");
    if (this.#claims >= limit || !isAnyOpen) return undefined;
    this.#claims++;
    let isHeld = true;
    return () => {
      if (isHeld) this.#claims--;
      isHeld = false;
    };
  }

  /**
   * Asks the candidates in their order until one answers. The upload is only read; it stays where it is.
   * @throws the signal's reason when it aborts; the system's error when the upload cannot be read
   */
  async transcribe(job: OverflowJob, signal: AbortSignal, listeners: OverflowListeners = {}): Promise<OverflowOutcome> {
    signal.throwIfAborted();
    const { request, durationMs, requestId, reason } = job;
    const upload = await keptUpload(job.uploadPath);
    const { candidates, refused } = this.#choose(job, (client) => obstacleTo(client, request, upload));
    const failed: Failed[] = [];
    const tries: TryRecord[] = [];
    let answer: string | null = null;
    try {
      for (const { provider: name, model, client } of candidates) {
        if (failed.length >= MAX_TRIES) break;
        const remoteJob = { request, model, upload, durationMs, requestId };
        const result = await this.#withSeat(client, remoteJob, (attempt, bill) => {
          listeners.onAsk?.({ provider: name, model });
          const one = { provider: client, job: remoteJob, attempt, bill, onSegments: listeners.onSegments };
          return tryOnce(one, signal, (record) => tries.push(record));
        });
        if (typeof result === "string") {
          refused.push({ provider: name, because: result });
          continue;
        }
        if (result.transcript) {
          answer = name;
          return { kind: "answered", transcript: result.transcript };
        }
        const failure = result.failure as ProviderFailure;
        failed.push({ provider: name, failure });
        if (result.hasBegun) return { kind: "failed", error: errorOf(failed), hasBegun: true };
        if (!failure.mayPassOn) break;
      }
      return failed.length === 0
        ? { kind: "no_candidate" }
        : { kind: "failed", error: errorOf(failed), hasBegun: false };
    } finally {
      const names = candidates.map(({ provider }) => provider);
      listeners.onRecord?.({ rule: reason, candidates: names, refused: refusedByName(refused), tries, answer });
    }
  }

  #choose({ request, modelNames }: OverflowJob, obstacle: (client: Provider) => Because | undefined) {
    const { providers } = this.#settings;
    const settings = providers.map((provider) => provider.settings);
    const { candidates, refused }: Choice = chooseByPolicy(settings, request, modelNames);
    const able: (Candidate & { client: Provider })[] = [];
    for (const candidate of candidates) {
      const client = providers.find(({ settings: { name } }) => name === candidate.provider) as Provider;
      const because = obstacle(client);
      if (because) refused.push({ provider: candidate.provider, because });
      else able.push({ ...candidate, client });
    }
    return { candidates: able, refused };
  }

  /** Runs `ask` when the provider has room, lets requests through and is within its limits; else says why not. */
  async #withSeat<Result>(
    { settings }: Provider,
    job: RemoteJob,
    ask: (attempt: NonNullable<ReturnType<Breaker["attempt"]>>, bill: Bill) => Promise<Result>,
  ): Promise<Result | Because> {
    const seat = this.#seat(settings.name);
    if (seat.running >= settings.concurrency) return "busy";
    const attempt = seat.breaker.attempt();
    if (!attempt) return "breaker_open";
    seat.running++;
    try {
      const bill = await this.#reserve(settings, job);
      return bill ? await ask(attempt, bill) : "spend_limit";
    } finally {
      attempt.abandoned(); // says nothing where it is known how it ended
      seat.running--;
    }
  }

  /** @returns undefined when a limit, or not being able to tell, forbids it */
  async #reserve(settings: Provider["settings"], job: RemoteJob): Promise<Bill | undefined> {
    const limits = { ofProvider: settings.dailySpendLimit, ofAll: this.#settings.dailySpendLimit };
    const trouble = (error: Error) => this.#parts.note?.(`spending on ${settings.name}: ${error.message}`);
    try {
      const bill = await this.#parts.ledger.reserve(settings.name, priceOf(estimatedMs(job), settings), limits);
      return bill && { settle: (amount) => bill.settle(amount).catch(trouble) };
    } catch (error) {
      trouble(error as Error);
      // A limit that cannot be checked is one that is reached.
      const isLimited = limits.ofProvider !== undefined || limits.ofAll !== undefined;
      return isLimited ? undefined : { settle: async () => {} };
    }
  }

  #seat(name: string): Seat {
    const seat = this.#seats.get(name) ?? { breaker: new Breaker(this.#parts.now), running: 0 };
    this.#seats.set(name, seat);
    return seat;
  }
}

function errorOf(failed: readonly Failed[]): SottoError {
  const last = failed.at(-1) as Failed;
  if (last.failure.kind === "audio") {
    return sottoError("undecodable_audio", { reason: `${last.provider} could not read it` }, { param: "file" });
  }
  const reason = failed.map(({ provider, failure }) => `${provider}: ${failure.message}`).join("; ");
  return sottoError("provider_failed", { reason });
}
