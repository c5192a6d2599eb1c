const BLOCK_BYTES = 512;
/** Places in a header block (POSIX.1-2008, pax, "ustar Interchange Format"). */
const NAME = { start: 0, end: 100 };
const SIZE = { start: 124, end: 136 };

/**
 * Finds a file in a tar archive that is in memory.
 * @returns its bytes, or undefined when the archive ends before, or is none
 */
export function tarMember(archive: Buffer, name: string): Buffer | undefined {
  for (let at = 0; at + BLOCK_BYTES <= archive.length; ) {
    const size = Number.parseInt(archive.toString("latin1", at + SIZE.start, at + SIZE.end), 8);
    if (!(size >= 0)) return undefined;
    const start = at + BLOCK_BYTES;
    if (textOf(archive, at + NAME.start, at + NAME.end) === name) {
      return start + size <= archive.length ? archive.subarray(start, start + size) : undefined;
    }
    at = start + Math.ceil(size / BLOCK_BYTES) * BLOCK_BYTES;
  }
  return undefined;
}

function textOf(archive: Buffer, start: number, end: number): string {
  const zero = archive.indexOf(0, start);
  return archive.toString("utf8", start, zero >= 0 && zero < end ? zero : end);
}
