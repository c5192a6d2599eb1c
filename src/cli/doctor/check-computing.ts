import { CommandError } from "../../core/config.js";
import { type BackendOptions, type BackendReport, probeBackends } from "../../engine/backend.js";
import type { VariantReport } from "../../engine/cpu-choice.js";
import { gpuModules } from "../../engine/modules.js";
import type { Verdict } from "../../engine/probe-verdict.js";
import type { Finding } from "./finding.js";

const BUILD_AGAIN = "npm run build:native -- --force";

/** Tries every CPU variant and GPU that is built, each in a process of its own. */
export async function checkComputing(
  options: BackendOptions,
): Promise<{ findings: Finding[]; report?: BackendReport }> {
  let report: BackendReport;
  try {
    report = await probeBackends(options);
  } catch (error) {
    const text = error instanceof CommandError ? error.message : `the engine is not there: ${(error as Error).message}`;
    return { findings: [{ state: "fail", subject: "cpu", text, remedy: BUILD_AGAIN }] };
  }
  return { findings: [cpuFinding(report), kernelsFinding(report), gpuFinding(report)], report };
}

function cpuFinding({ backend, variants }: BackendReport): Finding {
  const details = variants.map((variant) => `${variant.name.padEnd(15)} ${describe(variant)}`);
  const ill = variants.some(({ verdict }) => verdict.state === "rejected");
  if (!backend) {
    const text = "no variant of the kernels works on this processor";
    return { state: "fail", subject: "cpu", text, details, remedy: BUILD_AGAIN };
  }
  return {
    state: ill ? "note" : "ok",
    subject: "cpu",
    text: `ggml: ${backend.cpuVariant}`,
    details,
    remedy: ill ? `the others do without it; another compiler may mend it: ${BUILD_AGAIN}` : undefined,
  };
}

function describe({ score, verdict }: VariantReport): string {
  if (verdict.state === "untried") return `not tried: better ones work (score ${score})`;
  return describeVerdict(verdict);
}

function describeVerdict(verdict: Verdict): string {
  switch (verdict.state) {
    case "passed":
      return `works: products ${verdict.wideMs.toFixed(2)} ms wide, ${verdict.narrowMs.toFixed(3)} ms narrow`;
    case "rejected":
      return `rejected: ${verdict.reason}`;
    case "unsupported":
      return "for another processor";
    case "untried":
      return "not tried";
  }
}

function kernelsFinding({ backend, kernels }: BackendReport): Finding {
  const details = kernels.map(({ name, verdict }) => {
    const untried = verdict.state === "untried";
    return `${name.padEnd(15)} ${untried ? "not tried: better ones work" : describeVerdict(verdict)}`;
  });
  const ill = kernels.some(({ verdict }) => verdict.state === "rejected");
  if (backend?.kernels) {
    const text = `Sotto's own: ${backend.kernels}, for models that suit them`;
    return { state: ill ? "note" : "ok", subject: "kernels", text, details };
  }
  if (ill) return { state: "note", subject: "kernels", text: "none of Sotto's own works; ggml computes", details };
  return {
    state: "ok",
    subject: "kernels",
    text: "ggml's: others were not asked for, or there are none here",
    details,
  };
}

function gpuFinding({ backend, gpus, warning }: BackendReport): Finding {
  const details = gpus.map(({ name, verdict }) => `${name.padEnd(15)} ${describeVerdict(verdict)}`);
  if (backend?.device) return { state: "ok", subject: "gpu", text: backend.device, details };
  if (warning) return { state: "note", subject: "gpu", text: warning, details };
  if (gpus.length > 0)
    return { state: "note", subject: "gpu", text: "none of those built works; the CPU is used", details };
  const built = gpuModules().map(({ name }) => name);
  if (built.length > 0) return { state: "ok", subject: "gpu", text: `not asked for (built: ${built.join(", ")})` };
  const remedy = "where there is one: npm run build:native -- --backend vulkan (or cuda)";
  return { state: "ok", subject: "gpu", text: "no module for a GPU is built", remedy };
}
