import { createLocalJWKSet, errors, type JSONWebKeySet, type JWTHeaderParameters } from "jose";
import { sottoError } from "../core/errors.js";
import type { LoadJwks } from "./jwks-source.js";

type KeySet = ReturnType<typeof createLocalJWKSet>;
type PublicKey = Awaited<ReturnType<KeySet>>;

/** After this a set is read again beside the requests, so that a withdrawn key ends. */
const REFRESH_AFTER_MS = 10 * 60_000;
/** Between two readings for unknown keys, or after one that failed: strangers invent key ids for nothing. */
const COOLDOWN_MS = 10_000;
/** A set that could not be read again for so long says nothing about today. */
const MAX_AGE_MS = 24 * 3_600_000;

export interface JwksCacheOptions {
  load: LoadJwks;
  /** Told once when the set cannot be read, and once when it can again. */
  onTrouble: (line: string) => void;
  now?: () => number;
}

/** The public keys of an identity provider. While it is down the keys last read stay valid, for a day. */
export class JwksCache {
  readonly #options: Required<JwksCacheOptions>;
  #set: KeySet | undefined;
  #readMs = Number.NEGATIVE_INFINITY;
  #notBeforeMs = Number.NEGATIVE_INFINITY;
  #reading: Promise<void> | undefined;
  #trouble: string | undefined;

  constructor(options: JwksCacheOptions) {
    this.#options = { now: () => performance.now(), ...options };
  }

  /**
   * The keys that a token with this header may be signed with; none when its key is unknown.
   * @throws SottoError `auth_unavailable` while no set could be read
   */
  async keysFor(header: JWTHeaderParameters): Promise<PublicKey[]> {
    const ageMs = this.#options.now() - this.#readMs;
    if (ageMs > MAX_AGE_MS) {
      this.#set = undefined;
      await this.refresh();
    } else if (ageMs > REFRESH_AFTER_MS) void this.refresh();
    if (!this.#set) throw sottoError("auth_unavailable", {}, { retryAfterSec: this.#cooldownLeftSec() });

    const known = await matching(this.#set, header);
    if (known.length > 0 || this.#cooldownLeftSec() > 0) return known;
    await this.refresh();
    this.#notBeforeMs = this.#options.now() + COOLDOWN_MS;
    return matching(this.#set, header);
  }

  /** Reads the set anew, unless that was tried a moment ago. Never rejects. */
  async refresh(): Promise<void> {
    if (this.#reading === undefined && this.#cooldownLeftSec() > 0) return;
    this.#reading ??= this.#read().finally(() => {
      this.#reading = undefined;
    });
    await this.#reading;
  }

  async #read(): Promise<void> {
    try {
      this.#set = createLocalJWKSet((await this.#options.load()) as JSONWebKeySet);
      this.#readMs = this.#options.now();
      if (this.#trouble !== undefined) this.#options.onTrouble("the key set of --jwks can be read again");
      this.#trouble = undefined;
    } catch (error) {
      this.#notBeforeMs = this.#options.now() + COOLDOWN_MS;
      const { message, cause } = error as Error;
      const reason = cause instanceof Error ? `${message}: ${cause.message}` : message;
      const trouble = `the key set of --jwks cannot be read: ${reason}`;
      if (this.#trouble === undefined) this.#options.onTrouble(trouble);
      this.#trouble = trouble;
    }
  }

  #cooldownLeftSec(): number {
    return Math.max(0, this.#notBeforeMs - this.#options.now()) / 1000;
  }
}

/** A token may leave out the key's id (RFC 7515, section 4.1.4): then each key of its kind may be the one. */
async function matching(set: KeySet, header: JWTHeaderParameters): Promise<PublicKey[]> {
  try {
    return [await set(header)];
  } catch (error) {
    const keys = [];
    if (error instanceof errors.JWKSMultipleMatchingKeys) for await (const key of error) keys.push(key);
    return keys;
  }
}
