import { ProviderFailure } from "./provider-failure.js";

export type JsonObject = Readonly<Record<string, unknown>>;

/** Reads members of a reply that may hold anything: what has another type than it should is garbage, or absent. */
export function jsonObject(text: string): JsonObject {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch (cause) {
    throw new ProviderFailure("garbage", { cause });
  }
  if (!isObject(value)) throw new ProviderFailure("garbage");
  return value;
}

export function isObject(value: unknown): value is JsonObject {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

/** @throws ProviderFailure `garbage` */
export function demandText(object: JsonObject, name: string): string {
  const value = object[name];
  if (typeof value !== "string") throw new ProviderFailure("garbage");
  return value;
}

/** @throws ProviderFailure `garbage` */
export function demandNumber(object: JsonObject, name: string): number {
  const value = numberOf(object[name]);
  if (value === undefined) throw new ProviderFailure("garbage");
  return value;
}

export function textOf(value: unknown): string | undefined {
  return typeof value === "string" && value !== "" ? value : undefined;
}

export function numberOf(value: unknown): number | undefined {
  return typeof value === "number" && Number.isFinite(value) ? value : undefined;
}

export function objectOf(value: unknown): JsonObject {
  return isObject(value) ? value : {};
}

/**
 * Null and absent count as no list.
 * @throws ProviderFailure `garbage` for what is neither that nor a list of objects
 */
export function listOf(value: unknown): JsonObject[] | undefined {
  if (value === undefined || value === null) return undefined;
  if (!Array.isArray(value) || !value.every(isObject)) throw new ProviderFailure("garbage");
  return value;
}

/** Some hundred days; no recording is longer. */
const MAX_SECONDS = 10_000_000;

/**
 * Seconds as milliseconds, never below zero.
 * @throws ProviderFailure `garbage` for what is no time in a recording
 */
export function msOf(seconds: number): number {
  if (seconds > MAX_SECONDS) throw new ProviderFailure("garbage");
  return Math.max(0, Math.round(seconds * 1000));
}
