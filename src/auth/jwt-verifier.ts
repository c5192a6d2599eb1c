import { decodeProtectedHeader, errors, type JWTHeaderParameters, type JWTPayload, jwtVerify } from "jose";
import { type SottoError, sottoError } from "../core/errors.js";
import type { JwksCache } from "./jwks-cache.js";

/** Clocks of two machines are seldom further apart. */
const LEEWAY_SEC = 30;
const MAX_NAME_CHARACTERS = 256;
const PUBLIC_KEY_ALGORITHMS = [
  ...["RS256", "RS384", "RS512", "PS256", "PS384", "PS512"],
  ...["ES256", "ES384", "ES512", "EdDSA", "Ed25519"],
];

export interface JwtVerifierOptions {
  /** For HS256. */
  secret: string | undefined;
  jwks: JwksCache | undefined;
  issuer: string | undefined;
  audience: string | undefined;
}

type VerificationKey = Uint8Array | Awaited<ReturnType<JwksCache["keysFor"]>>[number];

/** Verifies the bearer tokens of an identity provider (RFC 7519). */
export class JwtVerifier {
  readonly #options: JwtVerifierOptions;

  constructor(options: JwtVerifierOptions) {
    this.#options = options;
  }

  /**
   * @returns who the token speaks for
   * @throws SottoError `invalid_api_key`, `auth_unavailable`
   */
  async verify(token: string): Promise<string> {
    const header = readHeader(token);
    for (const key of await this.#keysFor(header)) {
      const payload = await this.#verifyWith(key, token, header.alg);
      if (payload) return nameOf(payload);
    }
    throw refused("it is no key and no token that was signed for this server");
  }

  /**
   * The algorithm decides which kind of key is even looked at, so that a public key never serves as an HMAC secret
   * (RFC 8725, section 2.1); `none` is of no kind.
   */
  async #keysFor(header: JWTHeaderParameters): Promise<VerificationKey[]> {
    const { secret, jwks } = this.#options;
    if (header.alg === "HS256" && secret !== undefined) return [new TextEncoder().encode(secret)];
    if (jwks && PUBLIC_KEY_ALGORITHMS.includes(header.alg)) return jwks.keysFor(header);
    return [];
  }

  /** @returns undefined when another key signed it */
  async #verifyWith(key: VerificationKey, token: string, algorithm: string): Promise<JWTPayload | undefined> {
    const { issuer, audience } = this.#options;
    try {
      const { payload } = await jwtVerify(token, key, {
        algorithms: [algorithm],
        clockTolerance: LEEWAY_SEC,
        ...(issuer === undefined ? {} : { issuer }),
        ...(audience === undefined ? {} : { audience }),
      });
      return payload;
    } catch (error) {
      // These come after the signature: whoever hears them holds a real token.
      if (error instanceof errors.JWTExpired) throw refused("the token has expired");
      if (error instanceof errors.JWTClaimValidationFailed) {
        if (error.claim === "nbf") throw refused("the token is not valid yet");
        throw refused(`the token's claim '${error.claim}' is missing or not the expected one`);
      }
      return undefined;
    }
  }
}

/** A subject should be text (RFC 7519, section 4.1.2), which nothing has checked yet. */
function nameOf({ sub }: { sub?: unknown }): string {
  return typeof sub === "string" && sub !== "" ? sub.slice(0, MAX_NAME_CHARACTERS) : "jwt";
}

function readHeader(token: string): JWTHeaderParameters {
  try {
    const header = decodeProtectedHeader(token);
    return { ...header, alg: String(header.alg) };
  } catch {
    throw refused("it is neither a key nor a readable token");
  }
}

function refused(received: string): SottoError {
  return sottoError("invalid_api_key", { received });
}
