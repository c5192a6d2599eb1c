/** What an `Authorization` header holds. */
export type Bearer = { token: string } | { token: undefined; received: string };

/** Reads `Bearer TOKEN`; the scheme in any case (RFC 9110, section 11.1). */
export function parseBearer(header: string | undefined): Bearer {
  if (header === undefined || header.trim() === "") return { token: undefined, received: "none came" };
  const token = /^bearer +(\S+)$/i.exec(header.trim())?.[1];
  if (token !== undefined) return { token };
  // The header itself is not shown: a key may stand there without its scheme.
  return { token: undefined, received: "the header does not read 'Bearer' and one key" };
}

/** Whether a token claims to be a JWT (RFC 7515, section 7.1: three parts) and not a key. */
export function looksLikeJwt(token: string): boolean {
  return /^[\w-]+\.[\w-]+\.[\w-]*$/.test(token);
}
