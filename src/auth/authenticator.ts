import { sottoError } from "../core/errors.js";
import { looksLikeJwt, parseBearer } from "./bearer.js";
import { ANONYMOUS, type Caller } from "./caller.js";
import type { JwtVerifier } from "./jwt-verifier.js";
import { matchKey } from "./key.js";
import type { KeyRing } from "./key-ring.js";
import { type Right, TOKEN_RIGHTS } from "./rights.js";

/** Who a request comes from, and whether he may do what he asks for. */
export class Authenticator {
  readonly #keyRing: KeyRing;
  #jwt: JwtVerifier | undefined;

  constructor(keyRing: KeyRing) {
    this.#keyRing = keyRing;
  }

  /** @param jwt the rules for tokens from now on; undefined: none is taken, as at first */
  useJwt(jwt: JwtVerifier | undefined): void {
    this.#jwt = jwt;
  }

  /** What is taken at the moment; without a count there never was a key, and none is needed. */
  async describe(): Promise<{ keyCount?: number; takesTokens: boolean }> {
    const keys = await this.#keyRing.current();
    return { ...(keys && { keyCount: keys.length }), takesTokens: this.#jwt !== undefined };
  }

  /**
   * @param header of the request: `Authorization`
   * @throws SottoError `invalid_api_key`, `forbidden`, `auth_unavailable`
   */
  async authenticate(header: string | undefined, right: Right): Promise<Caller> {
    const jwt = this.#jwt;
    const keys = await this.#keyRing.current();
    if (keys === undefined && jwt === undefined) return ANONYMOUS;

    const bearer = parseBearer(header);
    // Before anything is told apart: a missing key costs what a wrong one does.
    const key = matchKey(keys ?? [], bearer.token);
    if (key) return demand(right, key.rights, { name: key.name, kind: "key" });
    if (bearer.token === undefined) throw sottoError("invalid_api_key", { received: bearer.received });
    if (jwt === undefined || !looksLikeJwt(bearer.token)) {
      throw sottoError("invalid_api_key", { received: "it is not known, or was revoked" });
    }
    return demand(right, TOKEN_RIGHTS, { name: await jwt.verify(bearer.token), kind: "jwt" });
  }
}

/** @throws SottoError `forbidden` */
function demand(right: Right, rights: readonly string[], caller: Caller): Caller {
  if (!rights.includes(right)) throw sottoError("forbidden", { right, rights: rights.join(", ") || "none" });
  return caller;
}
