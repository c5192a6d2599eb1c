import { isIP } from "node:net";
import { type SottoError, sottoError } from "../core/errors.js";
import { isPublicAddress } from "./address-check.js";

/** Where recordings may be fetched from. */
export interface UrlPolicy {
  allowsPort(port: number): boolean;
  /** Host names that are refused unasked: the question alone would tell a name server of them. */
  allowsName(name: string): boolean;
  allowsAddress(address: string): boolean;
}

/**
 * The public internet. Ports of the schemes only: recordings for everybody lie behind web servers, and whoever could have
 * any port tried would have a port scanner under this server's name.
 */
const PUBLIC: UrlPolicy = {
  allowsPort: (port) => port === 80 || port === 443,
  allowsName: (name) => /\./.test(name) && !LOCAL_NAME.test(name),
  allowsAddress: (address) => isPublicAddress(address),
};

/** Names that are no host of the internet: RFC 6761, RFC 6762, RFC 8375 and what ICANN set aside for private use. */
const LOCAL_NAME = /(^|\.)(localhost|localdomain|local|internal|home\.arpa)$/;

/** For servers whose users may reach all that the server reaches. */
const ANY: UrlPolicy = { allowsPort: () => true, allowsName: () => true, allowsAddress: () => true };

/** The choices of `--allow-url`; undefined: nothing is fetched. */
export const URL_POLICIES = { off: undefined, public: PUBLIC, any: ANY } as const;

/** Longer ones are no address of a recording. */
const MAX_CHARACTERS = 8192;

/**
 * Reads a URL in the one way in which it will be connected to: `new URL` turns decimal, octal and hexadecimal IP addresses,
 * other digits and dots, and percent signs in the host into what they stand for.
 * @throws SottoError `url_not_allowed`
 */
export function checkUrl(text: string, policy: UrlPolicy, base?: URL): URL {
  const url = text.length <= MAX_CHARACTERS && URL.canParse(text, base?.href) ? new URL(text, base) : undefined;
  if (!url) throw urlNotAllowed(`one came that cannot be read, or has more than ${MAX_CHARACTERS} characters`);
  if (url.protocol !== "http:" && url.protocol !== "https:") {
    throw urlNotAllowed(`one came with the scheme '${url.protocol.slice(0, 20)}', which is neither http nor https`);
  }
  if (url.username || url.password) throw urlNotAllowed("one came that holds a user name or a password");
  const port = Number(url.port || (url.protocol === "https:" ? 443 : 80));
  if (!policy.allowsPort(port))
    throw urlNotAllowed(`one came with the port ${port}, and only 80 and 443 are open to it`);
  const host = url.hostname.replace(/^\[(.*)\]$/, "$1");
  const allowed = isIP(host) ? policy.allowsAddress(host) : policy.allowsName(host.replace(/\.$/, ""));
  if (!allowed) throw notPublic();
  return url;
}

/** The same words for a name and for what it resolves to. */
export function notPublic(): SottoError {
  return urlNotAllowed("one came whose host, or one that it leads to, is not on the public internet");
}

export function urlNotAllowed(reason: string): SottoError {
  return sottoError("url_not_allowed", { reason }, { param: "file" });
}
