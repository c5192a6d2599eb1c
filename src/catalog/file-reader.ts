import { Buffer } from "node:buffer";
import type { FileHandle } from "node:fs/promises";
import { ModelFileError } from "./model-file-error.js";

/** Headers are some dozens of bytes with weights between them, so a larger buffer would mostly read weights. */
const BUFFER_BYTES = 8192;

/** Reads small things in file order and skips over large ones, through one buffer. */
export class FileReader {
  readonly #handle: FileHandle;
  readonly #fileBytes: number;
  readonly #buffer = Buffer.allocUnsafe(BUFFER_BYTES);
  /** Place in the file of the buffer's first byte. */
  #bufferOffset = 0;
  #bufferedBytes = 0;
  #offset = 0;

  constructor(handle: FileHandle, fileBytes: number) {
    this.#handle = handle;
    this.#fileBytes = fileBytes;
  }

  /** Place in the file of the next byte. */
  get offset(): number {
    return this.#offset;
  }

  get remainingBytes(): number {
    return this.#fileBytes - this.#offset;
  }

  /** @throws ModelFileError when the file ends before */
  async int32(field: string): Promise<number> {
    return this.#buffer.readInt32LE(await this.#take(4, field));
  }

  /** A copy of the next `byteCount` bytes, at most {@link BUFFER_BYTES}. */
  async bytes(byteCount: number, field: string): Promise<Buffer> {
    const start = await this.#take(byteCount, field);
    return Buffer.from(this.#buffer.subarray(start, start + byteCount));
  }

  /** @throws ModelFileError when the file ends before */
  skip(byteCount: number, field: string): void {
    this.#demand(byteCount, field);
    this.#offset += byteCount;
  }

  /** @returns where in the buffer the bytes begin */
  async #take(byteCount: number, field: string): Promise<number> {
    this.#demand(byteCount, field);
    let start = this.#offset - this.#bufferOffset;
    if (start < 0 || start + byteCount > this.#bufferedBytes) {
      await this.#fill(byteCount, field);
      start = 0;
    }
    this.#offset += byteCount;
    return start;
  }

  async #fill(byteCount: number, field: string): Promise<void> {
    this.#bufferOffset = this.#offset;
    this.#bufferedBytes = 0;
    while (this.#bufferedBytes < byteCount) {
      const { bytesRead } = await this.#handle.read(
        this.#buffer,
        this.#bufferedBytes,
        BUFFER_BYTES - this.#bufferedBytes,
        this.#offset + this.#bufferedBytes,
      );
      // Somebody cut the file since its size was asked.
      if (bytesRead === 0) throw new ModelFileError(field, `${byteCount} bytes`, "the end of the file");
      this.#bufferedBytes += bytesRead;
    }
  }

  #demand(byteCount: number, field: string): void {
    if (byteCount <= this.remainingBytes) return;
    throw new ModelFileError(
      field,
      `${byteCount} bytes`,
      `the end of the file after ${this.remainingBytes} (cut short?)`,
    );
  }
}
