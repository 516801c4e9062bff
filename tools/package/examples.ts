// Packs the package as npm publishes it, and installs examples/ with it, in a copy.
import { execFile } from "node:child_process";
import { cp, rename } from "node:fs/promises";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { temporaryFolder } from "../testing/temporary_folder.ts";

const ROOT = fileURLToPath(new URL("../../", import.meta.url));
const QUIET = ["--no-audit", "--no-fund", "--loglevel=error"];

/** The tarball's name, as the examples' package.json has it. */
const TARBALL = "lighthouse-tunnel.tgz";

/** Flags of `npm ci` and `npm install` that do without the network where npm's cache has all. */
export const INSTALL_FLAGS = ["--ignore-scripts", "--prefer-offline", ...QUIET];

/** Packs what is built. @param folder Where to. @returns The tarball's path. */
export async function pack(folder: string): Promise<string> {
  const args = ["pack", "--ignore-scripts", "--json", "--pack-destination", folder, ...QUIET];
  const { stdout } = await promisify(execFile)("npm", args, { cwd: ROOT });
  const tarball = join(folder, TARBALL);
  // npm 12 gives an object by names, earlier ones a list.
  const [{ filename }] = Object.values(JSON.parse(stdout)) as [{ filename: string }];
  await rename(join(folder, filename), tarball);
  return tarball;
}

/** Copies examples/, and installs what they need. @param tarball The packed package. @returns The copy. */
export async function installExamples(tarball: string): Promise<string> {
  const folder = join(temporaryFolder(), "examples");
  const isSource = (path: string) => !/[/\\](?:node_modules|dist|build|\.svelte-kit)$/.test(path);
  await cp(join(ROOT, "examples"), folder, { recursive: true, filter: isSource });
  await cp(tarball, join(folder, TARBALL));
  await promisify(execFile)("npm", ["ci", ...INSTALL_FLAGS], { cwd: folder });
  return folder;
}
