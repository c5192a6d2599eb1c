import { sottoError } from "../core/errors.js";
import { DEFAULT_REQUEST, type Task, type TranscribeRequest } from "../core/request.js";
import { fieldValue } from "./field-value.js";
import { type DialectFields, entriesOf, type FieldEntry } from "./fields.js";
import { bareName, type FormFields, gather, type Sent } from "./form-fields.js";

/**
 * Reads a form as a dialect understands it.
 * @throws SottoError `invalid_value` with the field as `param`
 */
export function parseFields(dialectFields: DialectFields, form: FormFields, task: Task): TranscribeRequest {
  const gathered = gather(form);
  const values: Record<string, unknown> = {};
  for (const [name, entry] of entriesOf(dialectFields)) {
    // The recording is read apart, as it comes.
    if (entry.kind === "file" || entry.kind === "url") continue;
    const value = fieldValue(entry, sentFor(entry, gathered));
    if (value === undefined && entry.required) throw missing(entry.names[0]);
    if (value !== undefined) values[name] = value;
  }
  // The table has the request's own names and kinds.
  const { hotwords = [], ...given } = values as Partial<TranscribeRequest> & { hotwords?: string[] };
  const request: TranscribeRequest = { ...DEFAULT_REQUEST, ...given, task };
  return { ...request, keywords: [...request.keywords, ...hotwords] };
}

/** Names as sent of fields that have no effect here: unknown ones, and those that lack what they act on. */
export function ignoredFields(
  dialectFields: DialectFields,
  form: FormFields,
  { hasProviders }: { hasProviders: boolean },
): string[] {
  const acts = ({ pending, needsProviders }: FieldEntry) => !pending && (hasProviders || !needsProviders);
  const effective = new Set(entriesOf(dialectFields).flatMap(([, entry]) => (acts(entry) ? entry.names : [])));
  return [...form.keys()].filter((name) => !effective.has(bareName(name)));
}

/** Of several names for the same the first that came counts; what did not come has the dialect's default. */
function sentFor(entry: FieldEntry, gathered: ReadonlyMap<string, Sent>): Sent {
  const present = entry.names.flatMap((name) => {
    const sent = gathered.get(name);
    if (!sent) return [];
    return [entry.nullable ? { ...sent, values: sent.values.filter((value) => value !== "null") } : sent];
  });
  const preset = { values: entry.default === undefined ? [] : [entry.default], members: new Map() };
  return present.find(({ values, members }) => values.length > 0 || members.size > 0) ?? preset;
}

function missing(name: string) {
  return sottoError("invalid_value", { name, expected: "a value", received: "none" }, { param: name });
}
