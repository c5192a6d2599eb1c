import { BlockList, isIP } from "node:net";
import { networkInterfaces } from "node:os";

/** Not the public internet (https://www.iana.org/assignments/iana-ipv4-special-registry), as network and prefix. */
const NOT_PUBLIC_IPV4: [string, number][] = [
  ["0.0.0.0", 8],
  ["10.0.0.0", 8],
  ["100.64.0.0", 10],
  ["127.0.0.0", 8],
  ["169.254.0.0", 16],
  ["172.16.0.0", 12],
  ["192.0.0.0", 24],
  ["192.0.2.0", 24],
  ["192.88.99.0", 24],
  ["192.168.0.0", 16],
  ["198.18.0.0", 15],
  ["198.51.100.0", 24],
  ["203.0.113.0", 24],
  ["224.0.0.0", 3],
  // Azure answers machines with their own secrets here, at an address that looks public.
  ["168.63.129.16", 32],
];

/**
 * All of IPv6 that is given out. What wraps an IPv4 address (mapped, compatible, NAT64) lies outside, loopback, local and
 * multicast addresses too.
 */
const PUBLIC_IPV6: [string, number] = ["2000::", 3];

/** Within it: protocol assignments with Teredo, documentation, 6to4. */
const NOT_PUBLIC_IPV6: [string, number][] = [
  ["2001::", 23],
  ["2001:db8::", 32],
  ["2002::", 16],
  ["3fff::", 20],
];

const refusedIpv4 = new BlockList();
for (const [network, prefix] of NOT_PUBLIC_IPV4) refusedIpv4.addSubnet(network, prefix, "ipv4");
const publicIpv6 = new BlockList();
publicIpv6.addSubnet(...PUBLIC_IPV6, "ipv6");
const refusedIpv6 = new BlockList();
for (const [network, prefix] of NOT_PUBLIC_IPV6) refusedIpv6.addSubnet(network, prefix, "ipv6");

type Interfaces = ReturnType<typeof networkInterfaces>;

/**
 * Whether an IP address is one of the public internet, outside the networks that this machine itself is in. Those count as
 * private whatever their addresses: with IPv6 the neighbours in a house have public ones, and what goes to the machine's
 * own address passes no firewall.
 */
export function isPublicAddress(address: string, interfaces: Interfaces = networkInterfaces()): boolean {
  switch (isIP(address)) {
    case 4:
      return !refusedIpv4.check(address, "ipv4") && !ownNetworks(interfaces).check(address, "ipv4");
    case 6:
      // A zone names an interface of this machine.
      if (address.includes("%")) return false;
      if (!publicIpv6.check(address, "ipv6") || refusedIpv6.check(address, "ipv6")) return false;
      return !ownNetworks(interfaces).check(address, "ipv6");
    default:
      return false;
  }
}

function ownNetworks(interfaces: Interfaces): BlockList {
  const own = new BlockList();
  for (const { address, cidr, family } of Object.values(interfaces).flatMap((entries) => entries ?? [])) {
    const type = family === "IPv6" ? "ipv6" : "ipv4";
    const prefix = Number(cidr?.split("/")[1]);
    own.addAddress(address, type);
    // Tunnels that take all traffic have a prefix of 0; the internet is not their neighbour.
    if (prefix > 0) own.addSubnet(address, prefix, type);
  }
  return own;
}
