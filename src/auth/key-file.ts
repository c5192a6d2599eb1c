import { mkdir, readFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import { FileLockedError, lockFileInTurn } from "../core/file-lock.js";
import { replaceFile } from "../core/replace-file.js";
import type { KeyRecord } from "./key.js";

/** Why the keys could not be read or changed: one line for the operator. */
export class KeyFileError extends Error {
  override readonly name = "KeyFileError";
}

const VERSION = 1;
const OWNER_ONLY_FOLDER = 0o700;

/** `keys/keys.json` under SOTTO_HOME. Once it exists requests need a key, even when none is left in it. */
export class KeyFile {
  readonly #path: string;

  constructor(home: string) {
    this.#path = join(home, "keys", "keys.json");
  }

  /**
   * The file's text; undefined when there is none. It is opened each time: on network file systems a bare stat may be
   * minutes old, an open asks the server (nfs(5), close-to-open consistency).
   */
  async readText(): Promise<string | undefined> {
    try {
      return await readFile(this.#path, "utf8");
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code === "ENOENT") return undefined;
      throw error;
    }
  }

  /** @throws KeyFileError when it is damaged */
  async read(): Promise<KeyRecord[]> {
    const text = await this.readText();
    return text === undefined ? [] : parseKeys(text);
  }

  /**
   * Reads, changes and writes the keys while no other process can.
   * @throws KeyFileError; whatever `change` throws, and then nothing is written
   */
  async change<Result>(change: (keys: KeyRecord[]) => { keys: KeyRecord[]; result: Result }): Promise<Result> {
    await mkdir(dirname(dirname(this.#path)), { recursive: true });
    await mkdir(dirname(this.#path), { recursive: true, mode: OWNER_ONLY_FOLDER });
    const unlock = await this.#lock();
    try {
      const { keys, result } = change(await this.read());
      await replaceFile(this.#path, `${JSON.stringify({ version: VERSION, keys }, null, 2)}\n`);
      return result;
    } finally {
      await unlock();
    }
  }

  async #lock(): Promise<() => Promise<void>> {
    try {
      return await lockFileInTurn(this.#path);
    } catch (error) {
      if (!(error instanceof FileLockedError)) throw error;
      throw new KeyFileError(`${error.holder} is changing the keys at the moment. Try again when it is done.`);
    }
  }
}

/** @throws KeyFileError when the text is not wholly a list of keys */
export function parseKeys(text: string): KeyRecord[] {
  let parsed: unknown;
  try {
    parsed = JSON.parse(text);
  } catch (cause) {
    throw new KeyFileError("The keys file is damaged: it is no JSON. Restore it from a copy.", { cause });
  }
  const { version, keys } = (parsed ?? {}) as { version?: unknown; keys?: unknown };
  if (version !== VERSION || !Array.isArray(keys) || !keys.every(isKeyRecord)) {
    throw new KeyFileError(`The keys file is damaged, or not of version ${VERSION}. Restore it from a copy.`);
  }
  return keys;
}

function isKeyRecord(value: unknown): value is KeyRecord {
  const { name, prefix, sha256, rights, created } = (value ?? {}) as Record<string, unknown>;
  const isText = (text: unknown): text is string => typeof text === "string";
  return (
    [name, prefix, created].every(isText) &&
    isText(sha256) &&
    /^[0-9a-f]{64}$/.test(sha256) &&
    Array.isArray(rights) &&
    rights.every(isText)
  );
}
