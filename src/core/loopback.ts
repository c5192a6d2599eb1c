import { BlockList, isIP } from "node:net";

const LOOPBACK = new BlockList();
LOOPBACK.addSubnet("127.0.0.0", 8, "ipv4");
LOOPBACK.addAddress("::1", "ipv6");

/**
 * Whether only programs on this machine reach `host`, a name or an address with or without brackets. Names other than
 * localhost are not asked for: what they mean may change.
 */
export function isLoopback(host: string): boolean {
  const address = host.replace(/^\[(.*)\]$/, "$1");
  const version = isIP(address);
  if (version === 0) return /^localhost\.?$/i.test(address);
  // Checks IPv4 addresses in IPv6 form (::ffff:127.0.0.1) as the IPv4 addresses that they are.
  return LOOPBACK.check(address, version === 6 ? "ipv6" : "ipv4");
}
