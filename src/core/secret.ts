import { readFileSync } from "node:fs";

/** What is wrong with how a secret was given; holds no part of it. */
export class SecretError extends Error {
  override readonly name = "SecretError";
}

/**
 * A secret as text, or what the file behind `@` holds, without the line break at its end.
 * @param isOnCommandLine the text itself is then refused: whoever lists the processes of this machine would see it
 * @throws SecretError
 */
export function readSecret(given: string, { isOnCommandLine }: { isOnCommandLine: boolean }): string {
  if (!given.startsWith("@")) {
    if (isOnCommandLine)
      throw new SecretError("@FILE (on the command line other users see it), or use the environment");
    return given;
  }
  let text: string;
  try {
    text = readFileSync(given.slice(1), "utf8");
  } catch (error) {
    throw new SecretError(`@FILE with a file that can be read (${(error as NodeJS.ErrnoException).code})`);
  }
  const secret = text.replace(/\r?\n$/, "");
  if (secret === "") throw new SecretError("@FILE with a file that is not empty");
  return secret;
}
