import { readFile, rm, stat, writeFile } from "node:fs/promises";

/** Where a partial download came from; what it takes to go on with it. */
export interface PartOrigin {
  url: string;
  /** A strong validator of the source's file (RFC 9110, section 8.8.1). */
  etag: string | undefined;
}

/** `<model>.part` and, beside it, the note of its origin. Both stay when a pull is interrupted. */
export class PartFile {
  readonly path: string;
  readonly #notePath: string;

  constructor(modelPath: string) {
    this.path = `${modelPath}.part`;
    this.#notePath = `${this.path}.json`;
  }

  /** Bytes that have come; 0 when none have. */
  async bytes(): Promise<number> {
    return (await stat(this.path).catch(() => undefined))?.size ?? 0;
  }

  async readOrigin(): Promise<PartOrigin | undefined> {
    try {
      return JSON.parse(await readFile(this.#notePath, "utf8")) as PartOrigin;
    } catch {
      return undefined;
    }
  }

  async writeOrigin(origin: PartOrigin): Promise<void> {
    await writeFile(this.#notePath, JSON.stringify(origin));
  }

  async forgetOrigin(): Promise<void> {
    await rm(this.#notePath, { force: true });
  }

  async remove(): Promise<void> {
    await rm(this.path, { force: true });
    await this.forgetOrigin();
  }
}
