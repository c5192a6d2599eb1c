/** GPT-2's split of text into words (openai/whisper `whisper/tokenizer.py`, `pat_str` of both encodings). */
const WORDS = /'s|'t|'re|'ve|'m|'ll|'d| ?\p{L}+| ?\p{N}+| ?[^\s\p{L}\p{N}]+|\s+(?!\S)|\s+/gu;

/** Merging is quadratic in the length of a word; no real word comes near this. */
const LONGEST_WORD_BYTES = 256;

/**
 * Whisper's byte-pair encoding over the vocabulary that a model file carries. As in tiktoken, a token's id is its rank:
 * of two neighbours those merge first whose union has the lowest id.
 *
 * whisper.cpp's own `tokenize` is not used: it takes the longest match instead of merging, knows no letters beyond ASCII,
 * and its recursive regex ends the process on a long word.
 */
export class Tokenizer {
  /** Bytes of each text token as a Latin-1 string → id. */
  readonly #ids = new Map<string, number>();
  readonly #bytes: Buffer;
  readonly #offsets: Uint32Array;
  readonly #endOfText: number;

  constructor(vocabulary: { bytes: Buffer; offsets: Uint32Array }, endOfText: number) {
    this.#bytes = vocabulary.bytes;
    this.#offsets = vocabulary.offsets;
    this.#endOfText = endOfText;
    for (let id = 0; id < endOfText; id++) this.#ids.set(this.bytesOf(id).toString("latin1"), id);
  }

  encode(text: string): number[] {
    const ids: number[] = [];
    for (const [word] of text.matchAll(WORDS)) {
      const bytes = Buffer.from(word, "utf8").toString("latin1");
      for (let start = 0; start < bytes.length; start += LONGEST_WORD_BYTES) {
        this.#encodeWord(bytes.slice(start, start + LONGEST_WORD_BYTES), ids);
      }
    }
    return ids;
  }

  /** Text of the ids; timestamps and other special tokens are left out. A token may hold half a character: bytes are joined first. */
  decode(ids: readonly number[]): string {
    const pieces = ids.filter((id) => this.isText(id)).map((id) => this.bytesOf(id));
    return Buffer.concat(pieces).toString("utf8");
  }

  /** false: a timestamp or another special token. */
  isText(id: number): boolean {
    return id < this.#endOfText;
  }

  /** Possibly half a UTF-8 character. */
  bytesOf(id: number): Buffer {
    return this.#bytes.subarray(this.#offsets[id], this.#offsets[id + 1]);
  }

  #encodeWord(word: string, ids: number[]): void {
    const parts = [...word];
    while (parts.length > 1) {
      let best = Number.POSITIVE_INFINITY;
      let at = -1;
      for (let i = 0; i + 1 < parts.length; i++) {
        const rank = this.#ids.get(`${parts[i]}${parts[i + 1]}`) ?? Number.POSITIVE_INFINITY;
        if (rank < best) {
          best = rank;
          at = i;
        }
      }
      if (at < 0) break;
      parts.splice(at, 2, `${parts[at]}${parts[at + 1]}`);
    }
    // Every single byte is a token of Whisper's vocabularies; a trimmed vocabulary may lack one, which is then not said.
    for (const part of parts) {
      const id = this.#ids.get(part);
      if (id !== undefined) ids.push(id);
    }
  }
}
