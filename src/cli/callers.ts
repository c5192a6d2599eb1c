import { Authenticator } from "../auth/authenticator.js";
import type { JwksCache } from "../auth/jwks-cache.js";
import { jwksSource, type LoadJwks } from "../auth/jwks-source.js";
import type { JwtVerifier } from "../auth/jwt-verifier.js";
import { KeyFile } from "../auth/key-file.js";
import { KeyRing } from "../auth/key-ring.js";
import { CommandError, UsageError } from "../core/config.js";
import { isLoopback } from "../core/loopback.js";
import type { Config } from "../core/options.js";

/** RFC 7518, section 3.2: at least as long as the hash. A shorter one can be guessed from any token. */
const SAFE_SECRET_BYTES = 32;
const LONGER_SECRET = "It may be guessed from a token; a safe one is made with: openssl rand -base64 32";

type CallerOptions = Pick<Config, "host" | "insecure" | "jwtSecret" | "jwks" | "jwtIssuer" | "jwtAudience"> & {
  home: string;
};

/** Who may call the server, by its options. */
export class Callers {
  readonly authenticator: Authenticator;
  readonly #note: (line: string) => void;
  #jwks: { location: string; cache: JwksCache } | undefined;

  private constructor(authenticator: Authenticator, note: (line: string) => void) {
    this.authenticator = authenticator;
    this.#note = note;
  }

  /**
   * @param note where lines for the operator go, while the server runs too
   * @throws CommandError when the keys cannot be read, or the server would be open to a network; UsageError
   */
  static async accept(options: CallerOptions, note: (line: string) => void): Promise<Callers> {
    const keyRing = await KeyRing.open({ file: new KeyFile(options.home), onTrouble: note }).catch((error: Error) => {
      throw new CommandError(`The keys cannot be read: ${error.message}`);
    });
    const callers = new Callers(new Authenticator(keyRing), note);
    await callers.change(options);
    return callers;
  }

  /**
   * Takes tokens by these options from now on; the keys are always those of the moment.
   * @throws CommandError, UsageError: then nothing has changed
   */
  async change(options: CallerOptions): Promise<void> {
    demandSense(options);
    if (options.jwtSecret !== undefined && Buffer.byteLength(options.jwtSecret) < SAFE_SECRET_BYTES) {
      this.#note(`the secret of --jwt-secret is shorter than ${SAFE_SECRET_BYTES} bytes. ${LONGER_SECRET}`);
    }
    const load = options.jwks === undefined ? undefined : sourceOf(options.jwks);
    await this.#demandGuard(options);
    this.authenticator.useJwt(await this.#verifier(options, load));
  }

  async #verifier(
    { jwtSecret: secret, jwks: location, jwtIssuer: issuer, jwtAudience: audience }: CallerOptions,
    load: LoadJwks | undefined,
  ): Promise<JwtVerifier | undefined> {
    // The keys last read are worth keeping: their provider may be down just now.
    if (this.#jwks?.location !== location) this.#jwks = undefined;
    if (secret === undefined && load === undefined) return undefined;
    // Loaded when asked for: most servers take no tokens, and need not hold the code in memory.
    const [{ JwksCache }, { JwtVerifier }] = await Promise.all([
      import("../auth/jwks-cache.js"),
      import("../auth/jwt-verifier.js"),
    ]);
    if (load && location !== undefined) {
      this.#jwks ??= { location, cache: new JwksCache({ load, onTrouble: this.#note }) };
      // Neither the start nor a signal waits for it: it may be up when the first token comes.
      void this.#jwks.cache.refresh();
    }
    return new JwtVerifier({ secret, jwks: this.#jwks?.cache, issuer, audience });
  }

  /** Who is let in at the moment, as a line for the operator, and what curl needs for it. */
  async describe(): Promise<{ line: string; curlArguments: string }> {
    const { keyCount, takesTokens } = await this.authenticator.describe();
    if (keyCount === undefined && !takesTokens) {
      return { line: "there is no key: whoever reaches this server may use it", curlArguments: "" };
    }
    const keys = `a key (there ${keyCount === 1 ? "is 1" : `are ${keyCount ?? 0}`})`;
    return {
      line: `requests need ${keys}${takesTokens ? " or a token" : ""}`,
      curlArguments: ' -H "Authorization: Bearer KEY"',
    };
  }

  async #demandGuard({ host, insecure, jwtSecret, jwks }: CallerOptions): Promise<void> {
    if (isLoopback(host) || insecure || jwtSecret !== undefined || jwks !== undefined) return;
    const { keyCount = 0 } = await this.authenticator.describe();
    if (keyCount > 0) return;
    const remedy =
      "Make one (npx sotto keys create NAME), take tokens (--jwt-secret, --jwks), listen on 127.0.0.1, or say --insecure.";
    throw new CommandError(`There is no key, and whoever reaches ${host} could use this server. ${remedy}`);
  }
}

function demandSense({ jwtSecret, jwks, jwtIssuer, jwtAudience }: CallerOptions): void {
  if (jwtSecret === undefined && jwks === undefined && (jwtIssuer ?? jwtAudience) !== undefined) {
    throw new UsageError("--jwt-issuer and --jwt-audience need --jwt-secret or --jwks.");
  }
}

function sourceOf(location: string): LoadJwks {
  try {
    return jwksSource(location);
  } catch (error) {
    // What came is not shown: the URL may hold a password.
    throw new UsageError(`Expected for --jwks ${(error as Error).message}, but received another URL.`);
  }
}
