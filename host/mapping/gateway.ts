// Finds this machine's router: the gateway of the default route. Node.js does not tell.
import { execFile } from "node:child_process";
import { readFile } from "node:fs/promises";
import { isIPv4 } from "node:net";
import { endianness } from "node:os";
import process from "node:process";
import { promisify } from "node:util";

/** Limit for macOS's `route`, in milliseconds. */
const LIMIT_MS = 2_000;

/** The router's IPv4 address. Undefined if there is none, or the system does not tell. */
export async function findGateway(): Promise<string | undefined> {
  try {
    if (process.platform === "linux") {
      return parseRoutes(await readFile("/proc/net/route", "utf8"));
    }
    if (process.platform === "darwin") {
      const args = ["-n", "get", "default"];
      const { stdout } = await promisify(execFile)("/sbin/route", args, { timeout: LIMIT_MS });
      const gateway = /^\s*gateway: (\S+)$/m.exec(stdout)?.[1];
      return gateway && isIPv4(gateway) ? gateway : undefined;
    }
  } catch {
    // Such as no default route on macOS.
  }
  return undefined;
}

/** Flags of a route (`RTF_UP`, `RTF_GATEWAY` of linux/route.h). */
const UP_BY_GATEWAY = 0x3;

/**
 * Reads Linux's table of routes.
 *
 * @param text Of /proc/net/route: addresses are 32 bits in hex, in the machine's byte order.
 * @returns The gateway of the default route with the least metric.
 */
export function parseRoutes(text: string): string | undefined {
  const routes = text.trim().split("\n").slice(1).map((line) => line.trim().split(/\s+/))
    .filter(([, destination, , flags = "", , , , mask]) =>
      destination === "00000000" && mask === "00000000" &&
      (parseInt(flags, 16) & UP_BY_GATEWAY) === UP_BY_GATEWAY
    )
    .sort((a, b) => Number(a[6]) - Number(b[6]));
  const gateway = routes[0]?.[2];
  if (!gateway || !/^[0-9A-F]{8}$/i.test(gateway)) return undefined;
  const bytes = Buffer.from(gateway, "hex");
  return (endianness() === "LE" ? bytes.reverse() : bytes).join(".");
}
