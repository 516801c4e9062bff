// For tests: whether this process may create networks. Root in a container often may not.
import { spawnSync } from "node:child_process";
import process from "node:process";

/** Whether this process may create network namespaces and virtual cables: it tries. */
export function canMakeNetworks(): boolean {
  const name = `lighthouse-probe-${process.pid}`;
  const ip = (...args: string[]) => spawnSync("ip", args).status === 0;
  if (!ip("netns", "add", name)) return false;
  const device = `lhp${process.pid}`;
  const wired = ip("link", "add", device, "type", "veth", "peer", "name", "eth0", "netns", name);
  if (wired) ip("link", "del", device);
  return ip("netns", "del", name) && wired;
}
