import type { RequestHead } from "../../src/dialects/dialect.js";
import type { FormFields } from "../../src/dialects/form-fields.js";

/** A form as it comes out of the reader. */
export const form = (fields: Record<string, string | string[]>): FormFields =>
  new Map(Object.entries(fields).map(([name, value]) => [name, [value].flat()]));

/** A request without query and without wishes. */
export const HEAD: RequestHead = { query: {}, accept: undefined };
