// For tests: the host's mapped ports behind a router of the lab, which takes Linux and root.
import process from "node:process";
import { fileURLToPath } from "node:url";
import * as assert from "uvu/assert";
import { Network, type NetworkOptions } from "../../tools/lab/network.ts";
import { RunningProgram } from "../../tools/testing/program.ts";
import { until } from "../../tools/testing/until.ts";
import type { MappingTiming, PortMappingState } from "../mapping/mapped_ports.ts";

const MAIN = fileURLToPath(new URL("mapped_ports_main.ts", import.meta.url));

/** Options of {@linkcode startMappedPorts}, beside the network's. */
export interface MappedPortsLabOptions extends Partial<NetworkOptions> {
  /** A script that answers for the router. */
  fake?: string;
}

/**
 * Starts a host's ports in a process behind a router.
 *
 * @param host The router.
 */
export async function startMappedPorts(
  host: NetworkOptions["host"],
  timing: Partial<MappingTiming> = {},
  options: MappedPortsLabOptions = {},
) {
  await using stack = new AsyncDisposableStack();
  const network = stack.use(
    await Network.start({ page: { nat: "cone" }, host, wire: {}, ...options }),
  );
  if (options.fake) {
    const { namespace } = network.hostRouter;
    namespace.start([process.execPath, "-e", options.fake], { stdio: "ignore" });
    await until(() => namespace.run(["ss", "-Hlun"]).includes(":5351 "));
  }
  const child = network.host.start([process.execPath, MAIN, JSON.stringify(timing)], {
    stdio: ["pipe", "pipe", "pipe"],
  });
  const program = new RunningProgram(child);
  const parts = stack.move();
  let lines = 0;
  const next = <Line>(fits: (line: Line) => boolean): Promise<Line> =>
    program.find("a line", () => {
      const found = program.lines.slice(lines).findIndex((line) => fits(JSON.parse(line)));
      if (found < 0) return undefined;
      lines += found + 1;
      return JSON.parse(program.lines[lines - 1]!) as Line;
    });
  return {
    network,
    router: network.portRouter,
    program,
    /** Resolves with the next state of that name. */
    state: (name: PortMappingState["state"]) =>
      next<PortMappingState>(({ state }) => state === name),
    /** Sends a command. */
    say: (command: string) => child.stdin!.write(`${command}\n`),
    async take(): Promise<{ port: number; outer: { address: string; port: number } } | null> {
      child.stdin!.write("take\n");
      return (await next<{ taken: null }>((line) => "taken" in line)).taken;
    },
    /** Resolves with the next change of the server's port: the router's address and port. */
    async held(): Promise<{ address: string; port: number } | null> {
      return (await next<{ held: null }>((line) => "held" in line)).held;
    },
    /** Ends it as a host does. */
    async end() {
      child.stdin!.end();
      assert.is(await program.exited, 0);
    },
    [Symbol.asyncDispose]: () => parts.disposeAsync(),
  };
}
