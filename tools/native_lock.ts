// The lock file by which a host installs node-datachannel: host/peers/native.ts.
import { readFile } from "node:fs/promises";
import manifest from "../package.json" with { type: "json" };

/** A package in package-lock.json. */
interface Locked {
  dev?: boolean;
  dependencies?: Record<string, string>;
  optionalDependencies?: Record<string, string>;
}

const NAME = "node-datachannel";

/**
 * The files package.json and package-lock.json of a folder that holds node-datachannel only. The versions and the
 * hashes are those of this project, for the binaries of all platforms.
 */
export async function nativeLock(): Promise<Record<string, string>> {
  const lock = JSON.parse(await readFile("package-lock.json", "utf8")) as {
    packages: Record<string, Locked>;
  };
  const root = { private: true, dependencies: { [NAME]: manifest.devDependencies[NAME] } };
  const packages: Record<string, unknown> = { "": root };
  const add = (name: string) => {
    const path = `node_modules/${name}`;
    const { dev: _, ...locked } = lock.packages[path]!;
    if (path in packages) return;
    packages[path] = locked;
    const { dependencies, optionalDependencies } = locked;
    Object.keys({ ...dependencies, ...optionalDependencies }).forEach(add);
  };
  add(NAME);
  const format = (value: unknown) => `${JSON.stringify(value, undefined, 2)}\n`;
  return {
    "package.json": format(root),
    "package-lock.json": format({ lockfileVersion: 3, requires: true, packages }),
  };
}
