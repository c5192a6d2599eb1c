import { sottoError } from "../core/errors.js";
import { BYTES_PER_MIB } from "../core/memory.js";
import type { Engine, EngineState } from "../engine/engine.js";

/** A model as the engine needs it; `catalog/model-store` finds them. */
export interface EngineModel {
  id: string;
  path: string;
  /** Of its file when that was walked (`core/file-stamp`). */
  stamp: string;
  bytes: number;
  /** Memory of one worker's session beside the weights. */
  sessionBytes: number;
}

/** The right to use a model's engine until it is released: it is not unloaded meanwhile. */
export interface Lease {
  readonly engine: Engine;
  release(): void;
}

export interface ResidentEnginesOptions {
  createEngine: (model: EngineModel) => Engine;
  /** What a model's engine will take. */
  estimateBytes: (model: EngineModel) => number;
  limitBytes: number;
  /** How long an unused engine stays; 0: not at all; Infinity: for good. */
  keepAliveMs: number;
}

/** An engine that has memory, or is about to give it back. */
interface Resident {
  model: EngineModel;
  engine: Engine;
  leases: number;
  usedMs: number;
  /** No new leases: it goes as soon as the last one is released. */
  isRetiring: boolean;
  isLeaving: boolean;
  idleTimer: NodeJS.Timeout | undefined;
}

interface Waiter {
  model: EngineModel;
  grant: (lease: Lease) => void;
  refuse: (reason: unknown) => void;
}

/**
 * Which models are loaded. An engine that nobody has used for a while ends, and with its process its memory goes back to
 * the system. When a model needs room, the least recently used makes it; one in use is let finish what it has, and takes
 * no more until the model that waits has had its turn.
 */
export class ResidentEngines {
  readonly #options: ResidentEnginesOptions;
  readonly #residents = new Set<Resident>();
  /** Requests for a model that is not loaded, or that is to leave, in the order they came. */
  readonly #waiting: Waiter[] = [];
  #isClosed = false;

  constructor(options: ResidentEnginesOptions) {
    this.#options = options;
  }

  /** The engine of a model, if it is resident. */
  engineOf(path: string): Engine | undefined {
    return this.#serving(path)?.engine;
  }

  /** All models that have an engine. */
  list(): { model: string; state: EngineState; residentBytes: number }[] {
    return [...this.#residents].map(({ model, engine }) => ({
      model: model.id,
      state: engine.state,
      residentBytes: engine.residentBytes,
    }));
  }

  /** @throws SottoError `engine_unavailable` when the model alone exceeds the limit; the signal's reason */
  lease(model: EngineModel, signal: AbortSignal): Promise<Lease> {
    return new Promise((resolve, reject) => {
      if (this.#isClosed) return reject(sottoError("shutting_down", {}));
      if (signal.aborted) return reject(signal.reason);
      const settle = () => {
        signal.removeEventListener("abort", leave);
        const index = this.#waiting.indexOf(waiter);
        if (index >= 0) this.#waiting.splice(index, 1);
      };
      const waiter: Waiter = {
        model,
        grant: (lease) => {
          settle();
          resolve(lease);
        },
        refuse: (reason) => {
          settle();
          reject(reason);
        },
      };
      const leave = () => {
        waiter.refuse(signal.reason);
        this.#serve();
      };
      signal.addEventListener("abort", leave, { once: true });

      const resident = this.#serving(model.path);
      if (resident && resident.model.stamp !== model.stamp) this.#retire(resident);
      else if (resident) return waiter.grant(this.#hold(resident));
      this.#waiting.push(waiter);
      this.#serve();
    });
  }

  async close(): Promise<void> {
    this.#isClosed = true;
    for (const waiter of [...this.#waiting]) waiter.refuse(sottoError("shutting_down", {}));
    await Promise.all(
      [...this.#residents].map(({ engine, idleTimer }) => {
        clearTimeout(idleTimer);
        return engine.stop();
      }),
    );
  }

  #serving(path: string): Resident | undefined {
    return [...this.#residents].find(({ model, isRetiring }) => model.path === path && !isRetiring);
  }

  /** Grants those at the head for which there is room, and makes room for the next. */
  #serve(): void {
    for (let waiter = this.#waiting[0]; waiter && !this.#isClosed; waiter = this.#waiting[0]) {
      const { model } = waiter;
      const resident = this.#serving(model.path);
      if (resident) {
        waiter.grant(this.#hold(resident));
        continue;
      }
      const needed = this.#options.estimateBytes(model);
      if (needed > this.#options.limitBytes) {
        waiter.refuse(sottoError("engine_unavailable", { reason: tooLarge(needed, this.#options.limitBytes) }));
        continue;
      }
      if (needed > this.#freeBytes()) {
        this.#makeRoom(needed);
        return;
      }
      waiter.grant(this.#hold(this.#admit(model)));
    }
  }

  #freeBytes(): number {
    const taken = [...this.#residents].map(({ model, engine }) =>
      Math.max(this.#options.estimateBytes(model), engine.residentBytes),
    );
    return this.#options.limitBytes - taken.reduce((sum, bytes) => sum + bytes, 0);
  }

  /** Retires the least recently used, until what they hold is enough; those that go at once call for the next turn. */
  #makeRoom(needed: number): void {
    const bytesOf = ({ model }: Resident) => this.#options.estimateBytes(model);
    let coming = this.#freeBytes();
    for (const resident of this.#residents) if (resident.isRetiring) coming += bytesOf(resident);
    const idleFirst = (a: Resident, b: Resident) => Number(a.leases > 0) - Number(b.leases > 0) || a.usedMs - b.usedMs;
    for (const resident of [...this.#residents].filter(({ isRetiring }) => !isRetiring).sort(idleFirst)) {
      if (coming >= needed) return;
      coming += bytesOf(resident);
      this.#retire(resident);
    }
  }

  #admit(model: EngineModel): Resident {
    const resident: Resident = {
      model,
      engine: this.#options.createEngine(model),
      leases: 0,
      usedMs: performance.now(),
      isRetiring: false,
      isLeaving: false,
      idleTimer: undefined,
    };
    this.#residents.add(resident);
    return resident;
  }

  #hold(resident: Resident): Lease {
    clearTimeout(resident.idleTimer);
    resident.leases++;
    let isHeld = true;
    return {
      engine: resident.engine,
      release: () => {
        if (!isHeld) return;
        isHeld = false;
        resident.leases--;
        resident.usedMs = performance.now();
        if (resident.leases === 0) this.#rest(resident);
      },
    };
  }

  #rest(resident: Resident): void {
    const { keepAliveMs } = this.#options;
    if (this.#isClosed) return;
    if (resident.isRetiring || keepAliveMs === 0) this.#retire(resident);
    else if (Number.isFinite(keepAliveMs)) {
      resident.idleTimer = setTimeout(() => this.#retire(resident), keepAliveMs).unref();
    }
  }

  #retire(resident: Resident): void {
    resident.isRetiring = true;
    if (resident.leases > 0 || resident.isLeaving) return;
    resident.isLeaving = true;
    clearTimeout(resident.idleTimer);
    void resident.engine.stop().finally(() => {
      this.#residents.delete(resident);
      this.#serve();
    });
  }
}

function tooLarge(neededBytes: number, limitBytes: number): string {
  const mib = (bytes: number) => Math.ceil(bytes / BYTES_PER_MIB);
  return `the model needs about ${mib(neededBytes)} MiB of memory, and --memory-limit is ${mib(limitBytes)} MiB`;
}
