import type { SottoError } from "../core/errors.js";
import type { Task, TranscribeRequest } from "../core/request.js";
import type { Transcript } from "../core/result.js";
import type { Rendered, ReplyStamp } from "../render/rendered.js";
import type { DialectFields } from "./fields.js";
import type { FormFields } from "./form-fields.js";

/** What of a request is neither form nor file. */
export interface RequestHead {
  query: Readonly<Record<string, string | string[] | undefined>>;
  /** The header `Accept`. */
  accept: string | undefined;
}

export type RenderedError = Rendered & { status: number };

/** A service's wire format: pure functions between its fields and the one request, the one result and its reply. */
export interface Dialect {
  readonly name: string;
  readonly fields: DialectFields;
  /** Whether `file` may be a URL as text, where `--allow-url` lets it; a dialect with a field `url` takes them in both. */
  readonly takesUrlAsFile?: boolean;
  /** Largest upload, where the service has a limit of its own. */
  readonly maxFileBytes?: number;
  /** @throws SottoError `invalid_value` with the field as `param` */
  parse(form: FormFields, task: Task, head: RequestHead): TranscribeRequest;
  render(transcript: Transcript, request: TranscribeRequest, stamp: ReplyStamp, head: RequestHead): Rendered;
  /** Members of a stream's last event beside the text; absent: the dialect has no streams. */
  streamEnd?(transcript: Transcript, request: TranscribeRequest): object;
  renderError(error: SottoError, head: RequestHead): RenderedError;
}
