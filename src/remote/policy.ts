import type { ProviderSettings } from "../core/provider-settings.js";
import type { TranscribeRequest } from "../core/request.js";
import { inOrderOf } from "./preference.js";
import type { Inability } from "./wire.js";

/** Why a provider is not asked: the field that forbids it, what it lacks, or the state that it is in. */
export type Because =
  | "allowed_providers"
  | "eu_native"
  | "allow_zero_data_retention"
  | "allow_quantization"
  | "model"
  | Inability
  /** A kind of file that it does not take. */
  | "file_kind"
  | "file_size"
  | "breaker_open"
  | "busy"
  | "spend_limit";

/** A provider that may serve a request, and what it calls the model. */
export interface Candidate {
  provider: string;
  /** Theirs; empty: they choose. */
  model: string;
}

export interface Refused {
  provider: string;
  because: Because;
}

export interface Choice {
  /** In the order in which they are to be asked. */
  candidates: Candidate[];
  refused: Refused[];
}

/** What a client may demand of a provider. */
type PolicyWishes = Pick<
  TranscribeRequest,
  "allowedProviders" | "euNative" | "allowQuantization" | "allowZeroDataRetention"
>;

/** A key of `models` for every name that is not listed. */
const ANY_MODEL = "*";

/**
 * Which providers may serve a request, and in which order: the contract's section 6, without any state of theirs.
 * @param modelNames of the wanted model, the client's own first; a provider's `models` is looked up by each
 */
export function chooseByPolicy(
  providers: readonly ProviderSettings[],
  wishes: PolicyWishes & Pick<TranscribeRequest, "preference">,
  modelNames: readonly string[],
): Choice {
  const able: { provider: ProviderSettings; model: string }[] = [];
  const refused: Refused[] = [];
  for (const provider of providers) {
    const model = modelAt(provider, modelNames);
    const because = forbiddenBy(provider, wishes) ?? (model === undefined ? "model" : undefined);
    if (because !== undefined) refused.push({ provider: provider.name, because });
    else if (model !== undefined) able.push({ provider, model });
  }
  const candidates = inOrderOf(wishes.preference, able, ({ provider }) => provider);
  return { candidates: candidates.map(({ provider, model }) => ({ provider: provider.name, model })), refused };
}

function forbiddenBy(
  { name, eu, zeroDataRetention, quantized }: ProviderSettings,
  wishes: PolicyWishes,
): Because | undefined {
  const isNamed = wishes.allowedProviders?.some((allowed) => allowed.toLowerCase() === name.toLowerCase()) ?? true;
  if (!isNamed) return "allowed_providers";
  if (wishes.euNative && !eu) return "eu_native";
  if (wishes.allowZeroDataRetention && !zeroDataRetention) return "allow_zero_data_retention";
  if (!wishes.allowQuantization && quantized) return "allow_quantization";
  return undefined;
}

function modelAt({ models }: ProviderSettings, names: readonly string[]): string | undefined {
  const listed = [...names, ANY_MODEL].find((name) => Object.hasOwn(models, name));
  return listed === undefined ? undefined : models[listed];
}
