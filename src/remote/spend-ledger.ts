import { mkdir, readFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import { lockFileInTurn } from "../core/file-lock.js";
import { replaceFile } from "../core/replace-file.js";

/** Most that may be spent in a day (UTC), in US dollars; undefined: no limit. */
export interface SpendLimits {
  ofProvider: number | undefined;
  ofAll: number | undefined;
}

/** What a request is expected to cost, set down before it is sent. */
export interface Bill {
  /** Puts what it did cost in its place. */
  settle(amount: number): Promise<void>;
}

/** What was spent on a day, by provider. */
interface Day {
  version: number;
  /** `YYYY-MM-DD`, UTC. */
  day: string;
  spent: Record<string, number>;
}

const VERSION = 1;
const NOTHING_TO_PAY: Bill = { settle: async () => {} };

/**
 * `overflow/spend.json` under SOTTO_HOME: what the remote providers have cost today. It is kept across restarts and shared
 * by all servers of this home; each change is made under the file's lock and replaces it as a whole.
 */
export class SpendLedger {
  readonly #path: string;
  readonly #now: () => Date;
  /** Changes of this process one after the other, so that they need not wait for each other's lock. */
  #last: Promise<unknown> = Promise.resolve();

  constructor(home: string, now: () => Date = () => new Date()) {
    this.#path = join(home, "overflow", "spend.json");
    this.#now = now;
  }

  /**
   * Sets down an expected cost, unless it would go beyond a limit.
   * @returns undefined when it would
   * @throws Error when the file is damaged or cannot be written
   */
  async reserve(provider: string, amount: number, limits: SpendLimits): Promise<Bill | undefined> {
    if (amount === 0) return NOTHING_TO_PAY;
    const day = await this.#change((today) => {
      const all = Object.values(today.spent).reduce((sum, each) => sum + each, 0);
      const own = today.spent[provider] ?? 0;
      const isWithin =
        own + amount <= (limits.ofProvider ?? Number.POSITIVE_INFINITY) &&
        all + amount <= (limits.ofAll ?? Number.POSITIVE_INFINITY);
      if (isWithin) today.spent[provider] = own + amount;
      return isWithin ? today.day : undefined;
    });
    if (day === undefined) return undefined;
    return {
      settle: async (cost) => {
        if (cost === amount) return;
        await this.#change((today) => {
          // What was set down yesterday stands there.
          if (today.day === day) today.spent[provider] = Math.max(0, (today.spent[provider] ?? 0) + cost - amount);
        });
      },
    };
  }

  /** @throws Error when the file is damaged */
  async spentToday(): Promise<Readonly<Record<string, number>>> {
    return (await this.#read()).spent;
  }

  #change<Result>(change: (today: Day) => Result): Promise<Result> {
    const changed = this.#last.then(async () => {
      await mkdir(dirname(this.#path), { recursive: true });
      const unlock = await lockFileInTurn(this.#path);
      try {
        const today = await this.#read();
        const result = change(today);
        await replaceFile(this.#path, `${JSON.stringify(today)}\n`);
        return result;
      } finally {
        await unlock();
      }
    });
    this.#last = changed.catch(() => {});
    return changed;
  }

  async #read(): Promise<Day> {
    const day = this.#now().toISOString().slice(0, 10);
    const fresh = { version: VERSION, day, spent: Object.create(null) as Record<string, number> };
    let text: string;
    try {
      text = await readFile(this.#path, "utf8");
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code === "ENOENT") return fresh;
      throw error;
    }
    const written = parseDay(text);
    if (!written) throw new Error(`${this.#path} is damaged; once it is removed, today's spending counts from zero`);
    return written.day === day ? { ...fresh, spent: Object.assign(fresh.spent, written.spent) } : fresh;
  }
}

function parseDay(text: string): Day | undefined {
  try {
    const { version, day, spent } = JSON.parse(text) as Partial<Day>;
    const isWhole =
      version === VERSION &&
      typeof day === "string" &&
      typeof spent === "object" &&
      spent !== null &&
      Object.values(spent).every((amount) => typeof amount === "number" && amount >= 0);
    return isWhole ? { version, day, spent } : undefined;
  } catch {
    return undefined;
  }
}
