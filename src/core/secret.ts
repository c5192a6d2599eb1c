import { readFileSync } from "node:fs";

/** What is wrong with how a secret was given; holds no part of it. */
export class SecretError extends Error {
  override readonly name = "SecretError";
}

/**
 * A secret as text, or what the file behind `@` holds, without the line break at its end.
 * @throws SecretError
 */
export function readSecret(given: string): string {
  if (!given.startsWith("@")) return given;
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

/** Whether `args` hold the secret of `--flag` as text: whoever lists the processes of this machine sees it. */
export function isSecretInSight(args: readonly string[], flag: string): boolean {
  return args.some((arg, index) => {
    const given =
      arg === `--${flag}` ? args[index + 1] : arg.startsWith(`--${flag}=`) ? arg.slice(flag.length + 3) : "@";
    return given !== undefined && !given.startsWith("@");
  });
}
