/** No separators, no leading dot or dash: an id becomes part of a path and of a URL. */
const ID = /^[A-Za-z0-9][A-Za-z0-9._-]{0,127}$/;

/** Whether `text` may be the id of a model. */
export function isModelId(text: string): boolean {
  return ID.test(text) && !text.includes("..");
}

/** `base-q8_0` → `ggml-base-q8_0.bin`, as upstream names its files. */
export function modelFileName(id: string): string {
  return `ggml-${id}.bin`;
}

/** The id of a file: its name without `ggml-` and `.bin`. */
export function modelIdOf(fileName: string): string {
  return fileName.replace(/^ggml-/, "").replace(/\.bin$/, "");
}
