import { X509Certificate } from "node:crypto";
import { KeyFile } from "../../auth/key-file.js";
import { CommandError, UsageError } from "../../core/config.js";
import { isLoopback } from "../../core/loopback.js";
import type { Config } from "../../core/options.js";
import { breachOfAirGap } from "../air-gap.js";
import { readTls } from "../tls.js";
import type { Finding } from "./finding.js";

/** Certificates of the usual issuers are renewed a month before their end. */
const SOON_MS = 14 * 86_400_000;

type AccessOptions = Pick<Config, "host" | "insecure" | "jwtSecret" | "jwks"> & { home: string };

/** The keys' file, and whether the server would be open to a network. */
export async function checkKeys({ home, host, insecure, jwtSecret, jwks }: AccessOptions): Promise<Finding> {
  const subject = "keys";
  const file = new KeyFile(home);
  let count: number | undefined;
  try {
    count = (await file.readText()) === undefined ? undefined : (await file.read()).length;
  } catch (error) {
    // Neither a path nor a line of it.
    const { code } = error as NodeJS.ErrnoException;
    const text = code ? `the keys' file cannot be read (${code})` : (error as Error).message;
    return { state: "fail", subject, text, remedy: "the server does not start: mend it, or put a backup in its place" };
  }
  const takesTokens = jwtSecret !== undefined || jwks !== undefined;
  const text = `${count ?? 0} ${count === 1 ? "key" : "keys"}${takesTokens ? ", and tokens" : ""}`;
  if (count || takesTokens) return { state: "ok", subject, text };
  if (count === 0) {
    const remedy = "nobody is let in: npx sotto keys create NAME";
    return { state: "note", subject, text: "the last key was revoked", remedy };
  }
  if (isLoopback(host)) return { state: "ok", subject, text: "none: whoever is on this machine may use the server" };
  const open = `none, and ${host} is reached from elsewhere`;
  if (insecure) return { state: "note", subject, text: open, remedy: "make one: npx sotto keys create NAME" };
  const remedy = "the server does not start: npx sotto keys create NAME, --host 127.0.0.1, or --insecure";
  return { state: "fail", subject, text: open, remedy };
}

/** Whether an air-gapped server would refuse its options; undefined: it would not. */
export function checkAirGap(options: Parameters<typeof breachOfAirGap>[0]): Finding | undefined {
  const text = breachOfAirGap(options);
  return text === undefined
    ? undefined
    : { state: "fail", subject: "air gap", text, remedy: "the server does not start with these options" };
}

/** The certificate and its key; undefined: plain HTTP on this machine alone, of which there is nothing to say. */
export function checkTls(
  { tlsCert, tlsKey, host }: Pick<Config, "tlsCert" | "tlsKey" | "host">,
  nowMs = Date.now(),
): Finding | undefined {
  const subject = "tls";
  let cert: Buffer | undefined;
  try {
    cert = readTls({ tlsCert, tlsKey })?.cert;
  } catch (error) {
    if (!(error instanceof CommandError || error instanceof UsageError)) throw error;
    return { state: "fail", subject, text: error.message, remedy: "the server does not start without them" };
  }
  if (!cert) {
    if (isLoopback(host)) return undefined;
    const remedy = "--tls-cert and --tls-key, or a proxy that speaks HTTPS";
    return { state: "note", subject, text: "none: keys and recordings can be read on the way", remedy };
  }
  const { subject: owner, validFrom, validTo } = new X509Certificate(cert);
  const endMs = Date.parse(validTo);
  const text = `${owner.split("\n").join(", ")}, valid until ${new Date(endMs).toISOString().slice(0, 10)}`;
  if (endMs < nowMs)
    return { state: "note", subject, text: `${text}: it has ended`, remedy: "clients refuse it: renew it" };
  if (Date.parse(validFrom) > nowMs) {
    return {
      state: "note",
      subject,
      text: `${text}: it is not valid yet`,
      remedy: "clients refuse it: check the clock",
    };
  }
  if (endMs - nowMs < SOON_MS) {
    return { state: "note", subject, text, remedy: "renew it, then send the server SIGHUP" };
  }
  return { state: "ok", subject, text };
}
