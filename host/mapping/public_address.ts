// Which addresses the whole internet reaches.
import { BlockList, isIPv4 } from "node:net";

/**
 * Networks that are private or a provider's own (RFC 6890): this network, private (RFC 1918), a provider's
 * NAT (RFC 6598), loopback, link-local, protocol assignments, multicast and reserved.
 */
const INNER = new BlockList();
for (
  const [address, bits] of [
    ["0.0.0.0", 8],
    ["10.0.0.0", 8],
    ["100.64.0.0", 10],
    ["127.0.0.0", 8],
    ["169.254.0.0", 16],
    ["172.16.0.0", 12],
    ["192.0.0.0", 24],
    ["192.168.0.0", 16],
    ["224.0.0.0", 3],
  ] as const
) INNER.addSubnet(address, bits);

/** A provider's NAT (RFC 6598). */
const PROVIDER = new BlockList();
PROVIDER.addSubnet("100.64.0.0", 10);

/** Whether it is a public address of IPv4. */
export function isPublic(address: string): boolean {
  return isIPv4(address) && !INNER.check(address);
}

/** Whether it is an address that a provider gives to customers behind its own NAT. */
export function isProviderNat(address: string): boolean {
  return isIPv4(address) && PROVIDER.check(address);
}
