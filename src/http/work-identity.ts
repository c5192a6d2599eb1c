import { createHash } from "node:crypto";
import { sottoError } from "../core/errors.js";
import type { FormFields } from "../dialects/form-fields.js";
import type { WorkIdentity } from "./joined-work.js";

export interface IdentifiedRequest {
  /** Whose request it is; nobody joins the work of another. */
  caller: string;
  /** Dialect and task. */
  route: string;
  fields: FormFields;
  /** What the recording is told by. */
  recording: string;
  /** The header `Idempotency-Key`. */
  idempotencyKey: string | string[] | undefined;
}

/** What fits a header and is printable. */
const KEY = /^[\x20-\x7e]{1,255}$/;

/**
 * Tells whether two requests ask for the same work.
 * @throws SottoError `invalid_value` when the key is no key
 */
export function workIdentity({ caller, route, fields, recording, idempotencyKey }: IdentifiedRequest): WorkIdentity {
  // The order of names is the client's whim, that of a name's values has a meaning.
  const sorted = [...fields].sort(([a], [b]) => (a < b ? -1 : 1));
  return {
    content: digest(caller, route, sorted, recording),
    key: idempotencyKey ? digest(caller, demandKey(idempotencyKey)) : undefined,
  };
}

function demandKey(header: string | string[]): string {
  if (typeof header === "string" && KEY.test(header)) return header;
  throw sottoError("invalid_value", {
    name: "Idempotency-Key",
    expected: "1 to 255 printable characters of ASCII",
    received: "a longer one, or one with other characters",
  });
}

/** Of JSON, since joined text could be cut in another place and be the same. */
function digest(...parts: unknown[]): string {
  return createHash("sha256").update(JSON.stringify(parts)).digest("hex");
}
