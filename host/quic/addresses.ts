// Under which addresses a page may reach a UDP port of this machine.
import { BlockList, isIPv4 } from "node:net";
import type { networkInterfaces } from "node:os";
import { isLan, isPublic, isVirtual } from "../platform/addresses.ts";

/** An address, IPv4 or IPv6 without brackets, and a UDP port. */
export interface QuicAddress {
  address: string;
  port: number;
}

/** Options of {@linkcode quicAddresses}. */
export interface QuicAddressesOptions {
  /** As `os.networkInterfaces()` gives them. */
  interfaces: ReturnType<typeof networkInterfaces>;
  /** The port that is bound at all of them. */
  port: number;
  /** The router's address and port, which lead to it. @default none */
  mapped?: QuicAddress;
}

/** Most addresses that are told: a page tries each. */
const MAX_ADDRESSES = 8;

/** Kinds of addresses, the best first: an IPv6 address has no NAT, and private ones need the same network. */
const KINDS = ["global IPv6", "public IPv4", "private IPv4", "private IPv6"] as const;

/**
 * The addresses, at most eight, the best kind first, and within a kind those of wireless and wired networks.
 * Loopback and link-local addresses are left out, and interfaces of containers and virtual machines.
 */
export function quicAddresses({ interfaces, port, mapped }: QuicAddressesOptions): QuicAddress[] {
  const all = Object.entries(interfaces).flatMap(([name, addresses = []]) =>
    addresses
      .filter(({ internal }) => !internal && !isVirtual(name))
      .map(({ address }) => ({ address, port, isLan: isLan(name) }))
  );
  const own = withoutNeighbours(all);
  if (mapped) own.unshift({ ...mapped, isLan: true });
  const ranked = own.flatMap((each) => {
    const kind = kindOf(each.address);
    return kind ? { ...each, rank: 2 * KINDS.indexOf(kind) + (each.isLan ? 0 : 1) } : [];
  });
  return ranked.toSorted((a, b) => a.rank - b.rank).slice(0, MAX_ADDRESSES)
    .map(({ address, port }) => ({ address, port }));
}

/**
 * Leaves one IPv6 address of each subnet: a machine has several, of which most are temporary (RFC 8981),
 * and all lead the same way. The system lists the newest first.
 */
function withoutNeighbours<Each extends { address: string }>(all: Each[]): Each[] {
  const seen = new BlockList();
  return all.filter(({ address }) => {
    if (isIPv4(address)) return true;
    if (seen.check(address, "ipv6")) return false;
    seen.addSubnet(address, 64, "ipv6");
    return true;
  });
}

/** @returns Undefined for an address that leads to no other machine. */
function kindOf(address: string): typeof KINDS[number] | undefined {
  if (isIPv4(address)) {
    if (isPublic(address)) return "public IPv4";
    // Link-local, and the inner end of a tunnel through IPv6 (RFC 6333, RFC 7335).
    return /^(?:169\.254|192\.0\.0)\./.test(address) ? undefined : "private IPv4";
  }
  if (/^[23][0-9a-f]{3}:/i.test(address)) return "global IPv6"; // 2000::/3 (RFC 4291 §2.4)
  return /^f[cd]/i.test(address) ? "private IPv6" : undefined; // fc00::/7 (RFC 4193)
}
