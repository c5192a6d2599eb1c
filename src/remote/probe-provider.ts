import type { ProviderSettings } from "../core/provider-settings.js";

/** What a provider says when it is asked who it is, which costs nothing. */
export type ProbeVerdict =
  /** `models`: theirs, where it lists them. */
  | { kind: "answers"; models: readonly string[] | undefined }
  | { kind: "key_refused"; status: number }
  /** Somebody answers, but not as such a service does. */
  | { kind: "strange"; status: number }
  | { kind: "unreachable"; reason: "time" | "name" | "certificate" | "connection" };

/** A list of some hundred models has a hundred kilobytes. */
const MAX_LIST_BYTES = 4 * 1024 ** 2;
const REASONS: readonly [RegExp, "time" | "name" | "certificate"][] = [
  [/TIMEOUT|ETIMEDOUT/i, "time"],
  [/ENOTFOUND|EAI_AGAIN/, "name"],
  [/CERT|SSL|TLS|SELF_SIGNED|UNABLE_TO/, "certificate"],
];

/**
 * Asks a provider for its models: every dialect but v2 has that route, and of v2 any answer at all says that it is there.
 * Nothing of what it answers is handed on but the models' names; a redirect is not followed.
 */
export async function probeProvider(
  { dialect, baseUrl, connectTimeoutMs }: ProviderSettings,
  key: string | undefined,
): Promise<ProbeVerdict> {
  const hasList = dialect !== "v2";
  const headers: Record<string, string> = { accept: "application/json", "user-agent": "sotto" };
  if (key !== undefined) headers.authorization = `Bearer ${key}`;
  try {
    const reply = await fetch(hasList ? `${baseUrl}/models` : `${baseUrl}/`, {
      headers,
      redirect: "manual",
      signal: AbortSignal.timeout(2 * connectTimeoutMs),
    });
    const { status } = reply;
    if (status === 401 || status === 403) {
      await reply.body?.cancel();
      return { kind: "key_refused", status };
    }
    if (!hasList || status === 404 || status === 405) {
      await reply.body?.cancel();
      return { kind: "answers", models: undefined };
    }
    if (status !== 200) {
      await reply.body?.cancel();
      return { kind: "strange", status };
    }
    return { kind: "answers", models: modelsIn(await textOf(reply)) };
  } catch (error) {
    const { name, cause } = error as Error & { cause?: { code?: string } };
    const said = `${name} ${cause?.code ?? ""}`;
    return { kind: "unreachable", reason: REASONS.find(([pattern]) => pattern.test(said))?.[1] ?? "connection" };
  }
}

async function textOf(reply: Response): Promise<string> {
  const parts: Uint8Array[] = [];
  let bytes = 0;
  for await (const part of reply.body ?? []) {
    parts.push(part);
    bytes += part.length;
    if (bytes > MAX_LIST_BYTES) break;
  }
  return Buffer.concat(parts).toString();
}

/** OpenAI's list, or the bare array of Together; undefined: neither. */
function modelsIn(text: string): string[] | undefined {
  try {
    const value = JSON.parse(text) as { data?: unknown } | unknown[];
    const list = Array.isArray(value) ? value : value.data;
    if (!Array.isArray(list)) return undefined;
    return list.map((item) => (item as { id?: unknown } | null)?.id).filter((id) => typeof id === "string");
  } catch {
    return undefined;
  }
}
