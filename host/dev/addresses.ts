// The addresses of this machine in its network, for `dev --lan`.
import { isIPv4 } from "node:net";
import type { networkInterfaces } from "node:os";
import { isLan, isPublic, isVirtual } from "../platform/addresses.ts";

/**
 * The IPv4 addresses by which other devices of the network reach this machine, those of wireless and wired
 * networks first. Addresses of the internet come last.
 *
 * @param interfaces As `os.networkInterfaces()` gives them.
 */
export function lanAddresses(interfaces: ReturnType<typeof networkInterfaces>): string[] {
  const found = Object.entries(interfaces).flatMap(([name, all = []]) =>
    all
      .filter(({ address, internal }) => !internal && isIPv4(address) && !isVirtual(name))
      .map(({ address }) => ({ name, address }))
  );
  const rank = ({ name, address }: { name: string; address: string }) =>
    (isPublic(address) ? 4 : 0) + (isLan(name) ? 0 : 2) +
    (/^(?:169|100)\./.test(address) ? 1 : 0);
  return found.toSorted((a, b) => rank(a) - rank(b)).map(({ address }) => address);
}

/** Whether a URL is of this machine only: browsers take its pages for secure, without https. */
export function isLoopback({ hostname }: URL): boolean {
  return /^(?:(?:.+\.)?localhost|127\.[\d.]+|\[::1\])$/.test(hostname);
}
