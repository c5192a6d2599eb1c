import type { InstalledModel } from "../catalog/model-store.js";
import { usableCores } from "../core/cores.js";
import type { EngineBackend } from "./backend.js";
import { type CoreShare, divideCores, type Parallelism } from "./parallelism.js";
import { RememberedChoice } from "./remembered-choice.js";

/** Where tuning is remembered, and what for: two models of one size cost the same. */
export interface TuningPlace {
  home: string;
  /** Of the model's file. */
  modelBytes: number;
  /** Of one of its windows: `BatchRoom`. */
  audioBytes?: number | undefined;
}

export function tuningPlace(home: string, model: Pick<InstalledModel, "bytes" | "kernelMemory">): TuningPlace {
  return { home, modelBytes: model.bytes, audioBytes: model.kernelMemory?.audioBytes };
}

/** How the cores are shared, and whether `sotto bench --tune` found that. */
export interface ChosenShare extends CoreShare {
  isTuned: boolean;
}

/** What `sotto bench --tune` found best on this machine, with these binaries, for models of this size. */
export function tunedShare({ home, modelBytes }: TuningPlace, backend: EngineBackend): RememberedChoice<CoreShare> {
  const { device, kernels, cpuVariant } = backend;
  const about = { modelBytes, device, kernels, cpuVariant, cores: usableCores() };
  return new RememberedChoice<CoreShare>(home, about, undefined, "parallelism.json");
}

/** As the operator asks; who asks for nothing gets what tuning found, else what cores and cache suggest. */
export function chooseShare(asked: Parallelism, backend: EngineBackend, place: TuningPlace): ChosenShare {
  const isLeftAlone = asked.workers === undefined && asked.threads === undefined;
  const tuned = isLeftAlone ? tunedShare(place, backend).read() : undefined;
  // A file that somebody has edited asks for no more than an operator may.
  const wanted = tuned ? { workers: tuned.workers, threads: tuned.threadsPerWorker } : asked;
  return { ...divideCores(wanted, backend, { audioBytes: place.audioBytes }), isTuned: tuned !== undefined };
}
