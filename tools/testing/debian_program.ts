// For tests: finds programs that Debian has, and installs missing ones where this process may.
import { accessSync, constants } from "node:fs";
import { delimiter, join } from "node:path";
import process from "node:process";
import { installDebianPackage } from "../debian.ts";

/** Programs for networks, and their packages. */
const PACKAGES = {
  conntrack: "conntrack",
  ip: "iproute2",
  miniupnpd: "miniupnpd-nftables",
  nft: "nftables",
  turnserver: "coturn",
} as const;

/** A program of which {@linkcode findDebianProgram} knows the package. */
export type DebianProgram = keyof typeof PACKAGES;

/**
 * Returns the path of a program for networks: on PATH, in a folder of the system's administrator, or of
 * Debian's package, which this process installs if it may. Its service does not start.
 *
 * @throws {Error} If the program is not there and cannot be installed, with the reason.
 */
export function findDebianProgram(name: DebianProgram): string {
  return findOrInstall(name, PACKAGES[name]);
}

/**
 * Returns the path of a program, and installs Debian's packages if it is missing.
 *
 * @throws {Error} As {@linkcode findDebianProgram}.
 */
export function findOrInstall(command: string, ...packages: string[]): string {
  const found = find(command);
  if (found) return found;
  try {
    for (const name of packages) installDebianPackage(name);
  } catch (cause) {
    const names = packages.join(", ");
    const { message } = cause as Error;
    throw new Error(`Cannot find ${command}, nor install ${names} by apt-get: ${message}`, {
      cause,
    });
  }
  const installed = find(command);
  if (!installed) throw new Error(`Cannot find ${command}, although its package is installed`);
  return installed;
}

function find(command: string): string | undefined {
  const folders = [...(process.env.PATH ?? "").split(delimiter), "/usr/sbin", "/sbin"];
  return folders.map((folder) => join(folder, command)).find(isExecutable);
}

function isExecutable(path: string): boolean {
  try {
    accessSync(path, constants.X_OK);
    return true;
  } catch {
    return false;
  }
}
