// Makes the wan long: packets between the two sides go through a program on a TUN device, since not every
// kernel has a delay of its own (tc netem).
import { once } from "node:events";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { temporaryFolder } from "../testing/temporary_folder.ts";
import { execute, type Namespace } from "./namespaces.ts";

/** What the wire does to packets. */
export interface WireOptions {
  /** One way, in milliseconds. @default 0 */
  delay?: number;
  /** Lost packets per million. @default 0 */
  loss?: number;
  /** Limit of all traffic together, in kbit/s. @default none */
  rate?: number;
}

/** The routing table of packets that have not been on the wire yet. */
const TABLE = 100;

/** Compiles the program once. */
let program: string | undefined;

/**
 * Lets the packets that arrive at `devices` go over a wire.
 *
 * @returns Whether there is one: without a C compiler, there is no delay.
 */
export async function startWire(
  wan: Namespace,
  devices: string[],
  { delay = 0, loss = 0, rate = 0 }: WireOptions,
): Promise<boolean> {
  try {
    program ??= compile();
  } catch {
    return false;
  }
  const wire = wan.start([program, "tun0", String(delay), String(loss), String(rate)], {
    stdio: ["pipe", "pipe", "inherit"],
  });
  await once(wire.stdout!, "data");
  wan.ip("link set tun0 up txqueuelen 10000");
  for (const family of ["-4", "-6"]) {
    for (const device of devices) wan.ip(`${family} rule add iif ${device} lookup ${TABLE}`);
    wan.ip(`${family} route add default dev tun0 table ${TABLE}`);
  }
  return true;
}

function compile(): string {
  const file = join(temporaryFolder(), "wire");
  execute("cc", ["-O2", "-o", file, fileURLToPath(new URL("wire.c", import.meta.url))]);
  return file;
}
