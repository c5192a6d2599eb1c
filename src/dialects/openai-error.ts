import type { SottoError } from "../core/errors.js";
import { JSON_CONTENT_TYPE, type Rendered } from "../render/rendered.js";

/** OpenAI's error body: all four members always there. */
export function openAiError({ message, type, param, code }: SottoError): Rendered {
  return {
    contentType: JSON_CONTENT_TYPE,
    body: JSON.stringify({ error: { message, type, param, code } }),
  };
}
