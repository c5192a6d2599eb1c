/** What a key may do. A right stands for routes: see `src/http/routes.ts`. */
export const RIGHTS = ["transcribe", "models", "metrics"] as const;
export type Right = (typeof RIGHTS)[number];

/** What a token of an identity provider may do: those sign in users, not operators. */
export const TOKEN_RIGHTS: readonly Right[] = ["transcribe", "models"];
