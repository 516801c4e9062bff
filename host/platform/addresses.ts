// What kind of network an address is of.
import { BlockList, isIPv4 } from "node:net";

/** Networks of IPv4 that are not of the internet (RFC 6890). */
export const INNER_NETWORKS: readonly (readonly [network: string, prefix: number])[] = [
  ["0.0.0.0", 8], // this network
  ["10.0.0.0", 8], // private (RFC 1918)
  ["100.64.0.0", 10], // a provider's NAT (RFC 6598)
  ["127.0.0.0", 8], // loopback
  ["169.254.0.0", 16], // link-local
  ["172.16.0.0", 12], // private
  ["192.0.0.0", 24], // for protocols
  ["192.0.2.0", 24], // for tests
  ["192.168.0.0", 16], // private
  ["198.18.0.0", 15], // for tests
  ["198.51.100.0", 24], // for tests
  ["203.0.113.0", 24], // for tests
  ["224.0.0.0", 3], // multicast and reserved
];

const inner = new BlockList();
for (const network of INNER_NETWORKS) inner.addSubnet(...network);

const provider = new BlockList();
provider.addSubnet("100.64.0.0", 10);

/** Whether it is a public address of IPv4. */
export function isPublic(address: string): boolean {
  return isIPv4(address) && !inner.check(address);
}

/** Whether it is an address that a provider gives to customers behind its own NAT. */
export function isProviderNat(address: string): boolean {
  return isIPv4(address) && provider.check(address);
}

/** Whether an interface is of containers or virtual machines: no other device reaches its addresses. */
export function isVirtual(name: string): boolean {
  return /^(?:docker|br-|veth|virbr|vmnet|vboxnet|lxc|cni|flannel|podman|bridge)/.test(name);
}

/** Whether an interface is wireless or wired, such as wlan0, wlp3s0, en0, eth0. Others are mostly tunnels. */
export function isLan(name: string): boolean {
  return /^(?:wl|en|eth)/.test(name);
}
