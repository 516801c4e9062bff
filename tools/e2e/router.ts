// For tests: a machine behind a router of nftables, in network namespaces. It takes Linux and root.
import { execFile, execFileSync } from "node:child_process";
import process from "node:process";
import { promisify } from "node:util";

/**
 * Makes both, and this machine's end of the wire is the world outside.
 *
 * @param rule What the router does to addresses: `masquerade` keeps ports (a cone NAT), `masquerade
 * fully-random` has another one for each way (a symmetric NAT).
 */
export async function startRouter(rule: string) {
  await using stack = new AsyncDisposableStack();
  const { pid } = process;
  const [router, inside] = [`lighthouse-nat-${pid}`, `lighthouse-lan-${pid}`];
  // Addresses set aside for benchmarks (RFC 2544).
  const net = `198.18.${pid % 256}`;
  const run = (program: string, ...args: string[]) => void execFileSync(program, args);
  const ip = (...args: string[]) => run("ip", ...args);
  for (const name of [router, inside]) {
    ip("netns", "add", name);
    stack.defer(() => ip("netns", "del", name));
    ip("-n", name, "link", "set", "lo", "up");
  }
  const here = `lhw${pid}`;
  stack.defer(() => ip("link", "del", here));
  ip("link", "add", here, "type", "veth", "peer", "name", "wan", "netns", router);
  const outside: [string, string] = [`${net}.1`, `${net}.2`];
  for (const address of outside) ip("addr", "add", `${address}/24`, "dev", here);
  ip("link", "set", here, "up");
  ip(
    "link",
    "add",
    "lan",
    "netns",
    router,
    "type",
    "veth",
    "peer",
    "name",
    "eth0",
    "netns",
    inside,
  );
  for (
    const [name, device, address] of [
      [router, "wan", `${net}.3/24`],
      [router, "lan", "10.77.0.1/24"],
      [inside, "eth0", "10.77.0.2/24"],
    ] as const
  ) {
    ip("-n", name, "addr", "add", address, "dev", device);
    ip("-n", name, "link", "set", device, "up");
  }
  ip("-n", inside, "route", "add", "default", "via", "10.77.0.1");
  ip("netns", "exec", router, "sysctl", "-qw", "net.ipv4.ip_forward=1");
  const chain = "type nat hook postrouting priority 100;";
  const rules = `table ip lab {\nchain post {\n${chain}\noifname "wan" ${rule}\n}\n}\n`;
  execFileSync("ip", ["netns", "exec", router, "nft", "-f", "-"], { input: rules });
  const parts = stack.move();
  return {
    /** Two addresses of the world outside. */
    outside,
    /** Runs a command on the machine inside. @returns What it prints, however it ends. */
    async run(...command: string[][]): Promise<string> {
      const args = ["netns", "exec", inside, ...command.flat()];
      const ran = promisify(execFile)("ip", args).catch((error) => error);
      return (await ran as { stdout: string }).stdout;
    },
    [Symbol.asyncDispose]: () => parts.disposeAsync(),
  };
}
