import { lookup } from "node:dns/promises";
import type { LookupFunction } from "node:net";
import { notPublic } from "./url-policy.js";

export interface Address {
  address: string;
  family: number;
}

/** All addresses of a host name. */
export type Resolve = (hostname: string) => Promise<Address[]>;

/** As the system resolves names, its hosts file included. */
export const systemResolve: Resolve = (hostname) => lookup(hostname, { all: true, verbatim: true });

/**
 * A `lookup` for `net.connect`: the addresses that are checked are those that are connected to, so that no second answer of
 * a name server can come between. One wrong address among good ones refuses all.
 */
export function checkedLookup(resolve: Resolve, allows: (address: string) => boolean): LookupFunction {
  return (hostname, options, callback) => {
    resolve(hostname).then(
      (addresses) => {
        const [first] = addresses;
        if (!first) return callback(new NoAddressError(), "", 0);
        if (!addresses.every(({ address }) => allows(address))) return callback(notPublic(), "", 0);
        return options.all ? callback(null, addresses) : callback(null, first.address, first.family);
      },
      (error) => callback(error, "", 0),
    );
  };
}

class NoAddressError extends Error {
  readonly code = "ENOTFOUND";
}
