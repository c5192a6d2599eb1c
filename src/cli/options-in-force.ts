import { isDeepStrictEqual } from "node:util";
import { CommandError, UsageError } from "../core/config.js";
import { type Config, flagName, OPTION_NAMES, type OptionName } from "../core/options.js";

type ServeConfig = Config & { home: string };

/** What a running server takes over; all else is read at the start. */
const CHANGEABLE: readonly OptionName[] = [
  "jwtSecret",
  "jwks",
  "jwtIssuer",
  "jwtAudience",
  "providers",
  "overflowAfterMs",
  "providerTimeoutMs",
  "dailySpendLimit",
];

/** The options of a running server, which may be read again; a mistake in them changes nothing. */
export class OptionsInForce {
  #config: ServeConfig;
  readonly #read: () => ServeConfig;
  readonly #note: (line: string) => void;
  #reading: Promise<void> = Promise.resolve();

  constructor(config: ServeConfig, read: () => ServeConfig, note: (line: string) => void) {
    this.#config = config;
    this.#read = read;
    this.#note = note;
  }

  /** @param apply takes over what may change; when it throws, the options before stay in force */
  readAgain(apply: (config: ServeConfig) => Promise<void>): Promise<void> {
    this.#reading = this.#reading.then(() => this.#readOnce(apply));
    return this.#reading;
  }

  async #readOnce(apply: (config: ServeConfig) => Promise<void>): Promise<void> {
    try {
      const read = this.#read();
      const isChanged = (name: OptionName) => !isDeepStrictEqual(read[name], this.#config[name]);
      const waiting = OPTION_NAMES.filter((name) => isChanged(name) && !CHANGEABLE.includes(name));
      const taken = { ...this.#config, ...Object.fromEntries(CHANGEABLE.map((name) => [name, read[name]])) };
      // Even without a change: a file behind an option may be another one now.
      await apply(taken);
      this.#config = taken;
      this.#note("the options, keys and providers were read again");
      if (waiting.length > 0) {
        const flags = waiting.map((name) => `--${flagName(name)}`).join(", ");
        this.#note(`changed, but read at the start only; to change them, start the server again: ${flags}`);
      }
    } catch (error) {
      const isForOperator = error instanceof UsageError || error instanceof CommandError;
      this.#note(`nothing was changed: ${isForOperator ? (error as Error).message : (error as Error).stack}`);
    }
  }
}
