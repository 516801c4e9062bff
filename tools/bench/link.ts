// The path between the page and the servers: loopback, or for `--rtt` a long wire to a network namespace
// in which the browser runs. Not every kernel has its own delay (tc netem), but all have TUN devices, of
// which delay.ts makes a wire.
import { execFileSync, spawn } from "node:child_process";
import { once } from "node:events";
import { existsSync } from "node:fs";
import { chmod, writeFile } from "node:fs/promises";
import { connect, createServer } from "node:net";
import { join } from "node:path";
import process from "node:process";
import { fileURLToPath } from "node:url";
import { temporaryFolder } from "../testing/temporary_folder.ts";

/** A path between a page's browser and servers on 127.0.0.1 of this side. */
export interface Link extends AsyncDisposable {
  /** Flags for the browser. */
  readonly flags: string[];
  /** Returns the program to run in place of the browser's. */
  programOf(browser: string): Promise<string>;
  /** Opens a port of 127.0.0.1 to the page, under the same address. Again, it does nothing. */
  reach(port: number): Promise<void>;
}

/** Page and host on one machine. */
export const loopback: Link = {
  flags: [],
  programOf: (browser) => Promise.resolve(browser),
  reach: () => Promise.resolve(),
  [Symbol.asyncDispose]: () => Promise.resolve(),
};

/** Prefix of the namespaces' names; the pid of the process that made one follows. */
const NAMESPACES = "lighthouse-bench-";

/** An end of the wire. */
interface End {
  device: string;
  address: string;
}

/**
 * Makes a long wire, and removes the namespaces of killed runs.
 *
 * @param rtt Round-trip time in milliseconds.
 * @throws {Error} If this machine cannot make one, with the missing part.
 */
export async function longLink(rtt: number): Promise<Link> {
  if (process.platform !== "linux" || process.getuid!() !== 0) {
    throw new Error("Cannot make a long wire: --rtt needs Linux, and root");
  }
  removeLeftovers();
  const { pid } = process;
  const namespace = NAMESPACES + pid;
  // Addresses for benchmarks (RFC 2544).
  const end = (number: number): End => ({
    device: `lh${pid}-${number}`,
    address: `198.18.${pid % 256}.${number}`,
  });
  const [here, there] = [end(1), end(2)];

  await using stack = new AsyncDisposableStack();
  await startWire(here, there, rtt / 2, stack);
  ip("netns", "add", namespace);
  stack.defer(() => void ip("netns", "del", namespace));
  ip("link", "set", there.device, "netns", namespace);
  for (
    const [prefix, near, far] of [[[], here, there], [["-n", namespace], there, here]] as const
  ) {
    ip(...prefix, "addr", "add", near.address, "peer", far.address, "dev", near.device);
    ip(...prefix, "link", "set", near.device, "up", "txqueuelen", "10000");
  }
  ip("-n", namespace, "link", "set", "lo", "up");
  // A browser learns its own address from its default route.
  ip("-n", namespace, "route", "add", "default", "via", here.address);

  const folder = temporaryFolder();
  const parts = stack.move();
  const reached = new Map<number, Promise<void>>();
  return {
    flags: [`--host-resolver-rules=MAP 127.0.0.1 ${here.address}`],
    async programOf(browser) {
      const program = join(folder, "browser");
      await writeFile(program, `#!/bin/sh\nexec ip netns exec ${namespace} "${browser}" "$@"\n`);
      await chmod(program, 0o755);
      return program;
    },
    async reach(port) {
      if (!reached.has(port)) reached.set(port, forward(here.address, port, parts));
      await reached.get(port);
    },
    [Symbol.asyncDispose]: () => parts.disposeAsync(),
  };
}

/** Removes the namespaces of killed runs. Their wires have ended with them. */
function removeLeftovers(): void {
  const ours = new RegExp(`^${NAMESPACES}(\\d+)`, "gm");
  for (const [name, pid] of ip("netns", "list").matchAll(ours)) {
    if (!existsSync(`/proc/${pid}`)) ip("netns", "del", name);
  }
}

async function startWire(
  here: End,
  there: End,
  oneWay: number,
  stack: AsyncDisposableStack,
): Promise<void> {
  const program = fileURLToPath(new URL("./delay.ts", import.meta.url));
  const flags = ["run", "--no-config", "--no-lock", "--allow-ffi", program];
  const wire = spawn("deno", [...flags, here.device, there.device, String(oneWay)]);
  let errors = "";
  wire.stderr.setEncoding("utf8").on("data", (text: string) => errors += text);
  const ended = new Promise<void>((resolve) => {
    wire.on("close", () => resolve()).on("error", (error) => errors += error.message);
  });
  stack.defer(() => {
    wire.stdin.end();
    return ended;
  });
  const isReady = await Promise.race([
    once(wire.stdout, "data").then(() => true),
    ended.then(() => false),
  ]);
  if (!isReady) throw new Error(`Cannot make a long wire: ${errors.trim()}`);
}

/** Forwards a port: servers here listen on 127.0.0.1 only, and the namespace has another 127.0.0.1. */
async function forward(
  address: string,
  port: number,
  stack: AsyncDisposableStack,
): Promise<void> {
  const server = createServer({ noDelay: true }, (near) => {
    const far = connect({ port, host: "127.0.0.1", noDelay: true });
    near.pipe(far).pipe(near);
    near.on("error", () => far.destroy());
    far.on("error", () => near.destroy());
  });
  server.listen(port, address);
  await once(server, "listening");
  stack.defer(() => void server.close());
}

function ip(...args: string[]): string {
  try {
    return execFileSync("ip", args, { encoding: "utf8", stdio: ["ignore", "pipe", "pipe"] });
  } catch (cause) {
    const { stderr, message } = cause as Error & { stderr?: string };
    throw new Error(`Cannot make a long wire: ${(stderr || message).trim()}`, { cause });
  }
}
