// For tests: several hosts with one key. A state folder serves one host at a time.
import { copyFile, mkdir } from "node:fs/promises";
import { join } from "node:path";

/**
 * Makes a state folder with the key of another, beside it.
 *
 * @param state The other folder.
 * @returns The new folder, which is removed with the other's parent.
 */
export async function ownState(state: string, name: string): Promise<string> {
  const folder = `${state}-${name}`;
  await mkdir(folder, { recursive: true, mode: 0o700 });
  await copyFile(join(state, "host.key"), join(folder, "host.key"));
  return folder;
}
