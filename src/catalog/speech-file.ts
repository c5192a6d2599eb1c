import { constants, open } from "node:fs/promises";
import { FileReader } from "./file-reader.js";
import { byteLength } from "./ggml-types.js";
import { ModelFileError } from "./model-file-error.js";
import { GGML_MAGIC } from "./model-header.js";
import { readTensorHeader, unreadable } from "./model-walk.js";
import { SPEECH_NUMBERS, SPEECH_TENSORS, SPEECH_TYPE } from "./speech-layout.js";

/** What a file of Silero VAD says of itself. */
export interface SpeechFileFacts {
  bytes: number;
  version: string;
}

/**
 * Walks a ggml file of Silero VAD from its first byte to its last before any native code sees it: upstream's graph is made
 * for these very sizes, and its loader believes what it reads.
 * @throws ModelFileError for whatever is wrong with the file, also when it cannot be read
 */
export async function readSpeechFile(path: string): Promise<SpeechFileFacts> {
  // A pipe would otherwise be waited for until somebody writes to it.
  const handle = await open(path, constants.O_RDONLY | constants.O_NONBLOCK).catch(unreadable);
  try {
    const status = await handle.stat();
    if (!status.isFile()) throw new ModelFileError("file", "a regular one", "something else");
    const reader = new FileReader(handle, status.size);
    await demandInt(reader, "magic", GGML_MAGIC);
    await demandInt(reader, "length of the type", SPEECH_TYPE.length);
    const type = (await reader.bytes(SPEECH_TYPE.length, "type")).toString("latin1");
    if (type !== SPEECH_TYPE) throw new ModelFileError("type", SPEECH_TYPE, "another");
    const version = [await reader.int32("version"), await reader.int32("version"), await reader.int32("version")];
    for (const [name, value] of SPEECH_NUMBERS) await demandInt(reader, name, value);
    await walkTensors(reader);
    return { bytes: status.size, version: version.join(".") };
  } catch (error) {
    return unreadable(error);
  } finally {
    await handle.close();
  }
}

/** Whether a file begins as one of Silero VAD does; its walk may still find it wrong. */
export async function looksLikeSpeechFile(path: string): Promise<boolean> {
  const handle = await open(path, constants.O_RDONLY | constants.O_NONBLOCK).catch(() => undefined);
  if (!handle) return false;
  try {
    const start = Buffer.alloc(8 + SPEECH_TYPE.length);
    await handle.read(start, 0, start.length, 0);
    return start.readInt32LE(0) === GGML_MAGIC && start.toString("latin1", 8) === SPEECH_TYPE;
  } catch {
    return false;
  } finally {
    await handle.close();
  }
}

async function demandInt(reader: FileReader, field: string, expected: number): Promise<void> {
  const received = await reader.int32(field);
  if (received !== expected) throw new ModelFileError(field, `${expected}`, `${received}`);
}

async function walkTensors(reader: FileReader): Promise<void> {
  const missing = new Map(SPEECH_TENSORS.map((tensor) => [tensor.name, tensor]));
  while (missing.size > 0) {
    const field = `tensor ${SPEECH_TENSORS.length - missing.size + 1} of ${SPEECH_TENSORS.length}`;
    // The last bias is a number without dimensions.
    const { name, type, dims } = await readTensorHeader(reader, field, { fewestDims: 0 });
    const expected = missing.get(name);
    if (!expected) throw new ModelFileError(field, "each tensor of the model once", "another name");
    if (type !== expected.type.id) throw new ModelFileError(`type of ${name}`, `${expected.type.id}`, `${type}`);
    if (dims.join() !== expected.dims.join()) {
      throw new ModelFileError(`shape of ${name}`, expected.dims.join(" × "), dims.join(" × "));
    }
    const elementCount = expected.dims.reduce((product, dim) => product * dim, 1);
    reader.skip(byteLength(expected.type, elementCount), `weights of ${name}`);
    missing.delete(name);
  }
  if (reader.remainingBytes > 0) {
    throw new ModelFileError("file size", `${reader.offset} bytes`, `${reader.remainingBytes} bytes more`);
  }
}
