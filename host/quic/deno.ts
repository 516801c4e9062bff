// Finds Deno, which runs the QUIC endpoint.
import { access, constants } from "node:fs/promises";
import { homedir } from "node:os";
import { delimiter, join } from "node:path";
import process from "node:process";

const NAME = process.platform === "win32" ? "deno.exe" : "deno";

/**
 * The path of Deno's program: in the folders of PATH, or where its installer puts it.
 *
 * @param environment @default this process's
 * @returns Undefined if there is none.
 */
export async function findDeno(
  environment: Record<string, string | undefined> = process.env,
): Promise<string | undefined> {
  const { PATH = "", DENO_INSTALL = join(homedir(), ".deno") } = environment;
  const folders = [...PATH.split(delimiter).filter(Boolean), join(DENO_INSTALL, "bin")];
  for (const folder of folders) {
    const path = join(folder, NAME);
    if (await access(path, constants.X_OK).then(() => true, () => false)) return path;
  }
  return undefined;
}
