/** The text fields of a form in the order they came: name as sent → its values. */
export type FormFields = ReadonlyMap<string, readonly string[]>;

/** What came for one field, in whichever way clients write it. */
export interface Sent {
  /** Of `name`, `name[]` and `name[0]`, in their order; empty ones mean absent and are left out. */
  values: string[];
  /** Of `name[sub]`; of a repeated one the last counts. */
  members: Map<string, string>;
}

/** A name as sent: `name`, `name[]`, `name[2]`, `name[sub]`. */
const NAME = /^([^[\]]+)(?:\[([^[\]]*)\])?$/;
const INDEX = /^\d*$/;

/** The fields of a form by their bare names. */
export function gather(fields: FormFields): Map<string, Sent> {
  const gathered = new Map<string, Sent>();
  for (const [name, values] of fields) {
    const [, bare = name, sub]: (string | undefined)[] = NAME.exec(name) ?? [];
    const sent: Sent = gathered.get(bare) ?? { values: [], members: new Map() };
    gathered.set(bare, sent);
    const present = values.filter((value) => value !== "");
    if (sub === undefined || INDEX.test(sub)) sent.values.push(...present);
    else for (const value of present) sent.members.set(sub, value);
  }
  return gathered;
}

/** `name[sub]` → `name`. */
export function bareName(name: string): string {
  return NAME.exec(name)?.[1] ?? name;
}
