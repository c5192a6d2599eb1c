import type { SottoError } from "../core/errors.js";
import { rendered } from "../render/rendered.js";
import type { RenderedError } from "./dialect.js";

/** OpenAI's error body: all four members always there. In a stream it is an event. */
export function openAiErrorBody({ message, type, param, code }: SottoError) {
  return { error: { message, type, param, code } };
}

export function openAiError(error: SottoError): RenderedError {
  return { status: error.status, ...rendered(openAiErrorBody(error)) };
}
