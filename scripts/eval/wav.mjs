/** A RIFF file of 16-bit mono PCM. @param {Float32Array[]} pieces samples in -1..1 @param {number} rateHz */
export function wavOf(pieces, rateHz) {
  const count = pieces.reduce((sum, { length }) => sum + length, 0);
  const file = Buffer.alloc(44 + 2 * count);
  file.write("RIFF", 0, "latin1");
  file.writeUInt32LE(36 + 2 * count, 4);
  file.write("WAVEfmt ", 8, "latin1");
  file.writeUInt32LE(16, 16);
  file.writeUInt16LE(1, 20); // PCM
  file.writeUInt16LE(1, 22); // channels
  file.writeUInt32LE(rateHz, 24);
  file.writeUInt32LE(2 * rateHz, 28);
  file.writeUInt16LE(2, 32);
  file.writeUInt16LE(16, 34);
  file.write("data", 36, "latin1");
  file.writeUInt32LE(2 * count, 40);
  let at = 44;
  for (const piece of pieces) {
    for (const sample of piece) {
      file.writeInt16LE(Math.max(-32_768, Math.min(32_767, Math.round(sample * 32_767))), at);
      at += 2;
    }
  }
  return file;
}
