/** The text fields of a form in the order they came: name as sent → its values. */
export type FormFields = ReadonlyMap<string, readonly string[]>;

/**
 * The one value of a field; of several the last counts, as with most form parsers.
 * @returns undefined when the field is absent or empty: an empty string means absent
 */
export function scalar(fields: FormFields, name: string): string | undefined {
  return fields.get(name)?.at(-1) || undefined;
}
