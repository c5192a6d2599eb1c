import { readFile } from "node:fs/promises";
import { basename } from "node:path";

/** An error body as every OpenAI-like dialect sends it. */
export interface ErrorBody {
  error: { message: string; type: string; param: string | null; code: string };
}

/** Posts a recording with form fields, as a client does. */
export async function postFile(
  url: string,
  path: string,
  fields: Record<string, string> = {},
  headers: Record<string, string> = {},
  signal?: AbortSignal,
): Promise<Response> {
  const form = new FormData();
  for (const [name, value] of Object.entries(fields)) form.append(name, value);
  form.append("file", new Blob([await readFile(path)]), basename(path));
  return fetch(url, { method: "POST", body: form, headers, ...(signal && { signal }) });
}

/** The words of a transcript, for comparing what was said and not how it was written. */
export function wordsOf(text: string): string[] {
  return text.toLowerCase().match(/[\p{L}\p{N}']+/gu) ?? [];
}
