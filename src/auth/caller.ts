/** Who sent a request, as logs and limits call him. */
export interface Caller {
  /** Name of the key, or the token's subject. */
  name: string;
  kind: "key" | "jwt" | "anonymous";
}

/** Whoever comes while no key is needed. */
export const ANONYMOUS: Caller = Object.freeze({ name: "anonymous", kind: "anonymous" });
