// A long link: the browser runs in a network namespace, and the packets between it and the rest of this
// machine go over a wire of two TUN devices, the program tun_wire.ts.
import { spawn } from "node:child_process";
import { once } from "node:events";
import { chmod, writeFile } from "node:fs/promises";
import { join } from "node:path";
import process from "node:process";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";
import { execute, type Namespace, Namespaces } from "../lab/namespaces.ts";
import { findDebianProgram } from "../testing/debian_program.ts";
import { forward } from "../testing/forward.ts";
import { freePort } from "../testing/listen.ts";
import { temporaryFolder } from "../testing/temporary_folder.ts";
import type { Link } from "./link.ts";
import type { WireCommand } from "./tun_wire.ts";

/** A link over a wire. */
export interface LongLink extends Link {
  /** Changes what the wire does to packets, from now on. */
  set(command: WireCommand): Promise<void>;
  /** Number of UDP packets (IPv4) that the browser's sockets have had no room for. */
  udpOverflows(): number;
}

/** An end of the wire. */
interface End {
  device: string;
  address: string;
}

const WIRE = fileURLToPath(new URL("tun_wire.ts", import.meta.url));
const DOOR = fileURLToPath(new URL("door.ts", import.meta.url));

/**
 * Makes a long link, and removes the namespaces of killed runs.
 *
 * @param command What the wire does to packets at first. @default nothing
 * @throws {Error} If this machine cannot make one, with the missing part.
 */
export async function longLink(command: WireCommand = {}): Promise<LongLink> {
  if (process.platform !== "linux" || process.getuid!() !== 0) {
    throw new Error("Cannot make a long wire: that takes Linux, and root");
  }
  try {
    return await makeLink(command);
  } catch (cause) {
    throw new Error(`Cannot make a long wire: ${(cause as Error).message}`, { cause });
  }
}

async function makeLink(command: WireCommand): Promise<LongLink> {
  const { pid } = process;
  // Addresses for benchmarks (RFC 2544).
  const end = (number: number): End => ({
    device: `lh${pid}-${number}`,
    address: `198.18.${pid % 256}.${number}`,
  });
  const [here, there] = [end(1), end(2)];
  await using stack = new AsyncDisposableStack();
  const set = await startWire(here, there, stack);
  const namespace = stack.use(new Namespaces()).make("page");
  execute("ip", ["link", "set", there.device, "netns", namespace.name]);
  for (const command of setUp(here, there)) execute("ip", command.split(" "));
  for (const command of setUp(there, here)) namespace.ip(command);
  // A browser learns its own address from its default route.
  namespace.ip(`route add default via ${here.address}`);
  await set(command);

  const folder = temporaryFolder();
  const parts = stack.move();
  const reached = new Map<number, Promise<unknown>>();
  return {
    set,
    flags: [`--host-resolver-rules=MAP 127.0.0.1 ${here.address}`],
    async programOf(browser) {
      const program = join(folder, "browser");
      const line = `exec ip netns exec ${namespace.name} "${browser}" "$@"`;
      await writeFile(program, `#!/bin/sh\n${line}\n`);
      await chmod(program, 0o755);
      return program;
    },
    async firefoxOptions() {
      const debuggingPort = await openDoor(namespace, parts);
      leadHere(namespace, here.address, debuggingPort);
      return { debuggingPort };
    },
    async reach(port) {
      if (!reached.has(port)) {
        const to = { port, host: "127.0.0.1" };
        reached.set(port, forward({ port, host: here.address }, to).then((it) => parts.use(it)));
      }
      await reached.get(port);
    },
    udpOverflows: () => udpOverflowsIn(namespace.run(["cat", "/proc/net/snmp"])),
    [Symbol.asyncDispose]: () => parts.disposeAsync(),
  };
}

/** The arguments of `ip` for one end. */
function setUp(near: End, far: End): string[] {
  return [
    `addr add ${near.address} peer ${far.address} dev ${near.device}`,
    `link set ${near.device} up txqueuelen 10000`,
  ];
}

/** Starts the wire's program. @returns What gives it a command. */
async function startWire(
  here: End,
  there: End,
  stack: AsyncDisposableStack,
): Promise<LongLink["set"]> {
  const flags = ["run", "--no-config", "--no-lock", "--allow-ffi", WIRE];
  const wire = spawn("deno", [...flags, here.device, there.device]);
  let errors = "";
  wire.stderr.setEncoding("utf8").on("data", (text: string) => errors += text);
  const ended = new Promise<void>((resolve) => {
    wire.on("close", () => resolve()).on("error", (error) => errors += error.message);
  });
  stack.defer(() => {
    wire.stdin.end();
    return ended;
  });
  const answers = createInterface({ input: wire.stdout });
  const failed = ended.then(() => {
    throw new Error(errors.trim());
  });
  failed.catch(() => {});
  await Promise.race([once(answers, "line"), failed]);
  return async (command) => {
    wire.stdin.write(`${JSON.stringify(command)}\n`);
    await Promise.race([once(answers, "line"), failed]);
  };
}

/** Leads TCP to 127.0.0.1 in the namespace to this side, except for one port. */
function leadHere(namespace: Namespace, address: string, exception: number): void {
  findDebianProgram("nft");
  // Packets from 127.0.0.1 may leave the namespace, with another source.
  namespace.sysctl("net.ipv4.conf.all.route_localnet=1");
  namespace.nft(`table ip bench {
  chain out {
    type nat hook output priority -100
    ip daddr 127.0.0.1 ip protocol tcp dnat to ${address}
  }
  chain post {
    type nat hook postrouting priority 100
    ip daddr ${address} masquerade
  }
}
insert rule ip bench out tcp dport ${exception} accept`);
}

/**
 * Leads a port of 127.0.0.1 to the same one in the namespace, not over the wire: Firefox's driver takes its
 * orders at a port. @returns The port.
 */
async function openDoor(
  namespace: Namespace,
  stack: AsyncDisposableStack,
): Promise<number> {
  const [port, path] = [await freePort(), join(temporaryFolder(), "door")];
  const door = namespace.start([process.execPath, DOOR, path, String(port)], { stdio: "pipe" });
  await Promise.race([once(door.stdout!, "data"), once(door, "exit")]);
  stack.use(await forward({ port, host: "127.0.0.1" }, { path }));
  return port;
}

/** The field `RcvbufErrors` of the lines `Udp:` in /proc/net/snmp: names, then numbers. */
function udpOverflowsIn(snmp: string): number {
  const [names = [], numbers = []] = [...snmp.matchAll(/^Udp: (.*)$/gm)].map(([, fields]) =>
    fields!.split(" ")
  );
  return Number(numbers[names.indexOf("RcvbufErrors")]);
}
