import type { FileReader } from "./file-reader.js";
import { ModelFileError } from "./model-file-error.js";

const MAX_DIMS = 4;
const MAX_NAME_BYTES = 128;

/** A tensor's header, as ggml files of Whisper and of Silero VAD have it. */
export interface TensorHeader {
  name: string;
  /** `enum ggml_type`. */
  type: number;
  /** Innermost first. */
  dims: number[];
}

/** @throws ModelFileError when the numbers are out of range, or the file ends before */
export async function readTensorHeader(
  reader: FileReader,
  field: string,
  { fewestDims = 1 } = {},
): Promise<TensorHeader> {
  const dimCount = await reader.int32(`n_dims of ${field}`);
  if (dimCount < fewestDims || dimCount > MAX_DIMS) {
    throw new ModelFileError(`n_dims of ${field}`, `${fewestDims} to ${MAX_DIMS}`, `${dimCount}`);
  }
  const nameBytes = await reader.int32(`name length of ${field}`);
  if (nameBytes < 1 || nameBytes > MAX_NAME_BYTES) {
    throw new ModelFileError(`name length of ${field}`, `1 to ${MAX_NAME_BYTES}`, `${nameBytes}`);
  }
  const type = await reader.int32(`type of ${field}`);
  const dims: number[] = [];
  for (let dim = 0; dim < dimCount; dim++) dims.push(await reader.int32(`dimension ${dim} of ${field}`));
  const name = (await reader.bytes(nameBytes, `name of ${field}`)).toString("latin1");
  return { name, type, dims };
}

/** The operating system's words for it, without the path they come with. */
export function unreadable(error: unknown): never {
  if (error instanceof ModelFileError) throw error;
  const code = error instanceof Error && "code" in error ? String(error.code) : String(error);
  throw new ModelFileError("file", "one that can be read", code === "ENOENT" ? "none" : `the error ${code}`);
}
