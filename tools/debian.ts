// Installs packages of Debian for the tests, where this process may.
import { execFileSync } from "node:child_process";
import process from "node:process";

/** Installs a package by apt-get. @throws {Error} If it cannot: not as root, or not on Debian. */
export function installDebianPackage(name: string): void {
  if (process.platform !== "linux" || process.getuid?.() !== 0) {
    throw new Error("only root of a Debian system can install packages");
  }
  console.error(`Installing ${name} by apt-get (once) …`);
  const options = { stdio: ["ignore", 2, 2] as ["ignore", number, number] };
  execFileSync("apt-get", ["update", "-qq"], options);
  execFileSync("apt-get", ["install", "-y", "-qq", "--no-install-recommends", name], {
    ...options,
    // Its services do not start: systems do not start in single-user mode.
    env: { ...process.env, DEBIAN_FRONTEND: "noninteractive", RUNLEVEL: "1" },
  });
}
