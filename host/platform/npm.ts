// Runs npm, for packages that this program does not bring along.
import { execFile } from "node:child_process";
import { delimiter, dirname } from "node:path";
import process from "node:process";
import { promisify } from "node:util";

/** Time for npm, in milliseconds. */
const NPM_MS = 180_000;

/** Flags of every call. What is downloaded is used as it is: no script of a package runs. */
const FLAGS = [
  "--ignore-scripts",
  "--global=false",
  "--prefer-offline",
  "--fetch-retries=1",
  "--fetch-retry-mintimeout=1000",
  "--no-audit",
  "--no-fund",
  "--loglevel=error",
];

/** Why npm has failed, in a sentence without a full stop, and what to do about it. */
export class NpmError extends Error {
  override readonly name = "NpmError";
}

/** Options of {@linkcode runNpm}. */
export interface NpmOptions {
  /** The folder of the package.json. */
  cwd: string;
  /** Variables: npm's path depends on them. */
  environment: Record<string, string | undefined>;
  /** Limit in milliseconds. @default three minutes */
  timeout?: number;
  /** Ends npm. */
  signal?: AbortSignal;
}

/**
 * Runs npm in a folder.
 *
 * @param args The command and its flags, such as `["ci"]`. They are this program's own.
 * @throws {NpmError} With what npm says.
 */
export async function runNpm(
  args: string[],
  { cwd, environment, timeout = NPM_MS, signal }: NpmOptions,
): Promise<void> {
  // nvm and others put npm beside the Node.js that runs.
  const PATH = `${environment.PATH ?? ""}${delimiter}${dirname(process.execPath)}`;
  try {
    await promisify(execFile)("npm", [...args, ...FLAGS, `--prefix=${cwd}`], {
      cwd,
      env: { ...environment, PATH },
      timeout,
      signal,
      // On Windows npm is a script.
      shell: process.platform === "win32",
    });
  } catch (cause) {
    const { code, stderr = "", message } = cause as NodeJS.ErrnoException & { stderr?: string };
    if (code === "ENOENT") {
      throw new NpmError("npm is not found. Install npm, and run this again", { cause });
    }
    const said = stderr.split("\n").map((line) => line.replace(/^npm (?:error|ERR!) ?/, ""))
      .filter((line) => /^\S/.test(line) && !/^(?:code|syscall|errno) /.test(line));
    const why = (said[0] ?? message.split("\n", 1)[0]!).replace(/\.+$/, "");
    throw new NpmError(`npm says: ${why}. Is there a network? Then run this again`, { cause });
  }
}
