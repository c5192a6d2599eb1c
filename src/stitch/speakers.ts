import { sottoError } from "../core/errors.js";
import type { TranscribeRequest } from "../core/request.js";

/**
 * Where speakers enter the result, once there is a model that tells them apart: it would give each segment and each word
 * its `speaker`.
 * @throws SottoError `invalid_value` for what asks for speakers
 */
export function refuseSpeakers({ diarize, responseFormat }: TranscribeRequest): void {
  const reason = "since no speaker model is installed";
  if (responseFormat === "diarized_json") {
    const details = { name: "response_format", expected: `another format, ${reason},`, received: "'diarized_json'" };
    throw sottoError("invalid_value", details, { param: "response_format" });
  }
  if (diarize) {
    const details = { name: "diarize", expected: `false, ${reason},`, received: "'true'" };
    throw sottoError("invalid_value", details, { param: "diarize" });
  }
}
