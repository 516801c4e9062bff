// For tests: a Pulumi command whose AWS is an account of pulumi/account.ts.
import { spawnSync } from "node:child_process";
import { mkdir, symlink, writeFile } from "node:fs/promises";
import { join } from "node:path";
import process from "node:process";
import { fileURLToPath } from "node:url";

/** The stand-in, or the real command with a stand-in for its AWS plugin. */
export type PulumiEngine = "stand-in" | "pulumi";

/** Pulumi's command, and its part for programs in JavaScript. */
const OWN_COMMANDS = ["pulumi", "pulumi-language-nodejs"];

/** Those that this machine has: the real one if it is on the PATH. */
export const ENGINES: readonly PulumiEngine[] = OWN_COMMANDS.every(pathOf)
  ? ["stand-in", "pulumi"]
  : ["stand-in"];

/**
 * Writes the command `pulumi` into a folder.
 *
 * @param folder A folder for a PATH, which is made.
 * @param account The URL of the account that it changes.
 */
export async function installPulumi(
  folder: string,
  account: string,
  engine: PulumiEngine = "stand-in",
): Promise<void> {
  await mkdir(folder, { recursive: true });
  const write = async (name: string, program: string) => {
    const path = fileURLToPath(new URL(`pulumi/${program}`, import.meta.url));
    const script = `#!/bin/sh\nexec "${process.execPath}" "${path}" "${account}" "$@"\n`;
    await writeFile(join(folder, name), script, { mode: 0o755 });
  };
  if (engine === "stand-in") return await write("pulumi", "main.ts");
  for (const name of OWN_COMMANDS) await symlink(pathOf(name)!, join(folder, name));
  await write("pulumi-resource-aws", "provider.ts");
}

function pathOf(command: string): string | undefined {
  const { stdout } = spawnSync("sh", ["-c", `command -v ${command}`], { encoding: "utf8" });
  return stdout.trim() || undefined;
}
