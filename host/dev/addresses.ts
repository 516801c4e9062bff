// The addresses of this machine in its network, for `dev --lan`.
import { BlockList, isIPv4 } from "node:net";
import type { networkInterfaces } from "node:os";

/** Networks that are not of the internet (RFC 6890): private, link-local, shared, and those for tests. */
export const LOCAL_NETWORKS: readonly (readonly [network: string, prefix: number])[] = [
  ["10.0.0.0", 8],
  ["172.16.0.0", 12],
  ["192.168.0.0", 16],
  ["169.254.0.0", 16],
  ["100.64.0.0", 10],
  ["192.0.2.0", 24],
  ["198.18.0.0", 15],
  ["198.51.100.0", 24],
  ["203.0.113.0", 24],
];

const localList = new BlockList();
for (const [network, prefix] of LOCAL_NETWORKS) localList.addSubnet(network, prefix);

/** Interfaces of containers and virtual machines, which no phone reaches. */
const VIRTUAL = /^(?:docker|br-|veth|virbr|vmnet|vboxnet|lxc|cni|flannel|podman|bridge)/;

/**
 * The IPv4 addresses by which other devices of the network reach this machine, those of wireless and wired
 * networks first. Addresses of the internet come last.
 *
 * @param interfaces As `os.networkInterfaces()` gives them.
 */
export function lanAddresses(interfaces: ReturnType<typeof networkInterfaces>): string[] {
  const found = Object.entries(interfaces).flatMap(([name, all = []]) =>
    all
      .filter(({ address, internal }) => !internal && isIPv4(address) && !VIRTUAL.test(name))
      .map(({ address }) => ({ name, address }))
  );
  // Such as wlan0, wlp3s0, en0, eth0. Others are mostly tunnels.
  const rank = ({ name, address }: { name: string; address: string }) =>
    (isLocal(address) ? 0 : 4) + (/^(?:wl|en|eth)/.test(name) ? 0 : 2) +
    (/^(?:169|100)\./.test(address) ? 1 : 0);
  return found.toSorted((a, b) => rank(a) - rank(b)).map(({ address }) => address);
}

/** Whether an IPv4 address is of a network that is not of the internet. */
export function isLocal(address: string): boolean {
  return localList.check(address);
}

/** Whether a URL is of this machine only: browsers take its pages for secure, without https. */
export function isLoopback({ hostname }: URL): boolean {
  return /^(?:(?:.+\.)?localhost|127\.[\d.]+|\[::1\])$/.test(hostname);
}
