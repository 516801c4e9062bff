// Describes the machine of a run: figures mean nothing without it.
import { execFileSync } from "node:child_process";
import { readFile } from "node:fs/promises";
import { arch, availableParallelism, cpus, release, totalmem, type } from "node:os";
import process from "node:process";
import type { BrowserName } from "../browser.ts";

/** A machine, and the versions of the programs on it. */
export interface Machine {
  /** The processor's model, such as `AMD EPYC 7763`. */
  cpu: string;
  cores: number;
  /** GiB. */
  memory: number;
  /** Kernel and architecture. */
  system: string;
  /** Versions by name: Node.js, the browser, and the packages that carry bytes. */
  versions: Record<string, string>;
  /** The repository's commit, with `+` if files differ from it; undefined outside of git. */
  commit: string | undefined;
}

const PACKAGES = ["node-datachannel", "simple-peer", "peerjs", "peer"];

/** Describes this machine. @param version The browser's, such as `Chrome/140.0`. */
export async function describeMachine(
  version: string,
  browserName: BrowserName = "chromium",
): Promise<Machine> {
  const packages = await Promise.all(PACKAGES.map(async (name) => [name, await versionOf(name)]));
  return {
    cpu: cpus()[0]?.model.trim() ?? "unknown",
    cores: availableParallelism(),
    memory: Math.round(totalmem() / 1024 ** 3),
    system: `${type()} ${release()} ${arch()}`,
    versions: {
      node: process.versions.node,
      [browserName]: version.replace(/^\w+\//, ""),
      ...Object.fromEntries(packages),
    },
    commit: commit(),
  };
}

async function versionOf(name: string): Promise<string> {
  const file = new URL(`../../node_modules/${name}/package.json`, import.meta.url);
  return JSON.parse(await readFile(file, "utf8")).version;
}

function commit(): string | undefined {
  const git = (...args: string[]) =>
    execFileSync("git", args, { encoding: "utf8", stdio: ["ignore", "pipe", "ignore"] }).trim();
  try {
    // The last run's files do not count.
    const changed = git("status", "--porcelain", "--untracked-files=no", "--", ":!docs/bench");
    return git("rev-parse", "--short", "HEAD") + (changed ? "+" : "");
  } catch {
    return undefined;
  }
}
