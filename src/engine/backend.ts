import { CommandError } from "../core/config.js";
import { chooseCpu, type VariantReport } from "./cpu-choice.js";
import { chooseGpu, type GpuReport } from "./gpu-choice.js";
import { chooseKernels, type KernelReport } from "./kernel-choice.js";
import { cpuModules, GPU_BACKENDS, type GpuBackend, gpuModules } from "./modules.js";
import { RememberedChoice } from "./remembered-choice.js";

/** What an engine computes with, and how; full paths of modules of ggml. */
export interface EngineBackend {
  cpuVariant: string;
  cpuModule: string;
  /** Name of a GPU (`Vulkan0`) and its module; undefined: the CPU alone. */
  device?: string | undefined;
  gpuModule?: string | undefined;
  /** Our own kernels for the CPU, by name, for models that suit them; undefined: ggml computes all. */
  kernels?: string | undefined;
  /** Windows are encoded as far as their sound goes, not always 30 s. */
  shortWindows?: boolean;
}

export const DEVICES = ["auto", "cpu", ...GPU_BACKENDS] as const;
export type DeviceChoice = (typeof DEVICES)[number];

export const KERNELS = ["auto", "ggml"] as const;

export interface BackendOptions {
  device: DeviceChoice;
  /** `ggml`: not our own kernels, even where they work. */
  kernels?: (typeof KERNELS)[number];
  shortWindows?: boolean;
  /** `auto`, or the name of the one variant to use. */
  cpuVariant: string;
  home: string;
}

/** All that was found when the choice was made; `sotto doctor` shows it. */
export interface BackendReport {
  backend: EngineBackend | undefined;
  variants: VariantReport[];
  gpus: GpuReport[];
  /** Empty where they were not asked for, or a GPU computes. */
  kernels: KernelReport[];
  /** A GPU that was asked for and is not used, with the reason. */
  warning: string | undefined;
}

const REMEDY = "Build it again with `npm run build:native -- --force`; `npx sotto doctor` says more.";

/** What hung on a busy machine may work on a quiet one; what hangs always must not hang every start. */
const HUNG_KEPT_MS = 24 * 60 * 60 * 1000;

/** In the order in which the host loads them. */
export function modulesOf({ cpuModule, gpuModule }: EngineBackend): string[] {
  return gpuModule === undefined ? [cpuModule] : [cpuModule, gpuModule];
}

/** Whether windows of all requests are decoded in one batch: by our own kernels, or by ggml on a GPU. */
export function decodesTogether({ kernels, device }: Pick<EngineBackend, "kernels" | "device">): boolean {
  return kernels !== undefined || device !== undefined;
}

/** The same without the GPU. */
export function withoutGpu({ device: _device, gpuModule: _gpuModule, ...backend }: EngineBackend): EngineBackend {
  return backend;
}

/**
 * What to compute with on this machine: remembered, or found by trying every candidate in a process of its own.
 * @param note gets one line when a GPU that was asked for cannot be used
 * @throws CommandError when nothing works, with what was tried and the remedy
 */
export async function chooseBackend(options: BackendOptions, note: (line: string) => void): Promise<EngineBackend> {
  const { device, cpuVariant, kernels = "auto", shortWindows = false, home } = options;
  const remembered = new RememberedChoice<BackendReport>(home, { device, cpuVariant, kernels });
  const known = remembered.read();
  const report = known?.backend ? known : await probeBackends(options);
  if (!report.backend) throw new CommandError(nothingWorks(report.variants, cpuVariant));
  if (report !== known) await remembered.write(report, hasHung(report) ? HUNG_KEPT_MS : undefined);
  if (report.warning) note(report.warning);
  return { ...report.backend, shortWindows };
}

/** Tries what is built here; remembers nothing. */
export async function probeBackends({ device, cpuVariant, kernels }: BackendOptions): Promise<BackendReport> {
  const { chosen, variants } = await chooseCpu(cpuModulesNamed(cpuVariant));
  const cpu = chosen && { cpuVariant: chosen.name, cpuModule: chosen.path };
  if (!cpu || chosen.verdict.state !== "passed") {
    return { backend: cpu, variants, gpus: [], kernels: [], warning: undefined };
  }
  const { encoding } = chosen.verdict;
  let gpus: GpuReport[] = [];
  if (device !== "cpu") {
    const wanted = gpuModules().filter(({ name }) => device === "auto" || name === device);
    gpus = await chooseGpu(wanted, chosen, encoding);
    const gpu = gpus.find(({ verdict }) => verdict.state === "passed");
    if (gpu?.verdict.state === "passed") {
      const backend = { ...cpu, device: gpu.verdict.device, gpuModule: gpu.path };
      return { backend, variants, gpus, kernels: [], warning: undefined };
    }
  }
  const warning = device === "auto" || device === "cpu" ? undefined : cannotUse(device, gpus);
  const own = kernels === "ggml" ? undefined : await chooseKernels(cpu.cpuModule, encoding);
  const backend = own?.chosen ? { ...cpu, kernels: own.chosen.name } : cpu;
  return { backend, variants, gpus, kernels: own?.kernels ?? [], warning };
}

function hasHung({ variants, gpus, kernels }: BackendReport): boolean {
  return [...variants, ...gpus, ...kernels].some(({ verdict }) => verdict.state === "rejected" && verdict.hung);
}

function cpuModulesNamed(name: string) {
  const built = cpuModules();
  const chosen = name === "auto" ? built : built.filter((module) => module.name === name);
  if (chosen.length > 0) return chosen;
  const names = built.map((module) => module.name).join(", ") || "none";
  throw new CommandError(
    name === "auto"
      ? `no variant of the engine for the CPU is built. ${REMEDY}`
      : `expected --cpu-variant auto or one of those built here (${names}), but received '${name}'.`,
  );
}

function nothingWorks(variants: readonly VariantReport[], cpuVariant: string): string {
  const tried = variants.map(({ name, verdict }) => {
    if (verdict.state === "rejected") return `${name}: ${verdict.reason}`;
    return `${name}: not for this processor`;
  });
  const which = cpuVariant === "auto" ? "no variant of the engine works" : `the variant ${cpuVariant} does not work`;
  return `${which} on this processor (${tried.join("; ")}). ${REMEDY}`;
}

function cannotUse(device: GpuBackend, gpus: readonly GpuReport[]): string {
  const [report] = gpus;
  const reason =
    report?.verdict.state === "rejected"
      ? report.verdict.reason
      : `its module is not built (npm run build:native -- --backend ${device})`;
  return `the CPU is used, since --device ${device} cannot be: ${reason}`;
}
