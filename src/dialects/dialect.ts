import type { SottoError } from "../core/errors.js";
import type { Task, TranscribeRequest } from "../core/request.js";
import type { Transcript } from "../core/result.js";
import type { Rendered, ReplyStamp } from "../render/rendered.js";
import type { FormFields } from "./form-fields.js";

/** A service's wire format: pure functions between its fields and the one request, the one result and its reply. */
export interface Dialect {
  readonly name: string;
  /** Whether `file` may be a URL, where `--allow-url` lets it. */
  readonly takesUrl?: boolean;
  /** @throws SottoError `invalid_value` with the field as `param` */
  parse(fields: FormFields, task: Task): TranscribeRequest;
  /** Names of fields that have no effect here. */
  ignored(fields: FormFields): string[];
  render(transcript: Transcript, request: TranscribeRequest, stamp: ReplyStamp): Rendered;
  renderError(error: SottoError): Rendered;
}
