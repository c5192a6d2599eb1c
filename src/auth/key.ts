import { createHash, randomBytes, timingSafeEqual } from "node:crypto";

/** What is stored of a key. */
export interface KeyRecord {
  name: string;
  /** The key's beginning, to tell keys apart by; no part of its secret. */
  prefix: string;
  /**
   * SHA-256 of the whole key, in hex. A slow hash guards what people think up; a key of 256 random bits cannot be
   * guessed at any speed (NIST SP 800-63B, section 5.1.2.2 asks for stretching below 112 bits only).
   */
  sha256: string;
  rights: string[];
  /** ISO 8601. */
  created: string;
}

const SECRET_BYTES = 32;
const PREFIX_BYTES = 3;

/** Makes a key and what is stored of it. The key itself is nowhere but in this result. */
export function createKey(name: string, rights: readonly string[]): { key: string; record: KeyRecord } {
  const prefix = `sk-sotto-${randomBytes(PREFIX_BYTES).toString("hex")}`;
  const key = `${prefix}-${randomBytes(SECRET_BYTES).toString("base64url")}`;
  const created = new Date().toISOString();
  return { key, record: { name, prefix, sha256: digestOf(key).toString("hex"), rights: [...rights], created } };
}

/**
 * The key that was presented. Every stored key is compared, whatever came and whichever fits, so that the time says nothing.
 * @param presented undefined: none was
 */
export function matchKey(
  keys: readonly KeyRecord[],
  presented: string | undefined,
  isEqual: (a: Buffer, b: Buffer) => boolean = timingSafeEqual,
): KeyRecord | undefined {
  const digest = digestOf(presented ?? "");
  let found: KeyRecord | undefined;
  for (const key of keys) if (isEqual(Buffer.from(key.sha256, "hex"), digest)) found = key;
  return presented === undefined ? undefined : found;
}

function digestOf(key: string): Buffer {
  return createHash("sha256").update(key).digest();
}
