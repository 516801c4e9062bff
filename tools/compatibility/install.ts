// Installs what the apps and the recipes need and the project's own dependencies do not have: packages of
// Python and npm into ~/.cache, commands by apt-get. What is there is used again.
import { execFile } from "node:child_process";
import { createHash } from "node:crypto";
import { existsSync, readFileSync } from "node:fs";
import { cp, mkdir, readdir, readFile, rm, writeFile } from "node:fs/promises";
import { homedir } from "node:os";
import { basename, join } from "node:path";
import process from "node:process";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { installDebianPackage } from "../debian.ts";
import { findOrInstall } from "../testing/debian_program.ts";

const run = promisify(execFile);

/** The folder of the apps. */
export const APPS = fileURLToPath(new URL("apps", import.meta.url));

const CACHE = join(homedir(), ".cache", "lighthouse-compatibility");

/** Installations that are under way or done, by folder: apps share them. */
const installations = new Map<string, Promise<void>>();

/**
 * Makes a virtual environment of Python.
 *
 * @param list The list of packages in apps/, such as `requirements.txt`.
 * @returns The path of its Python.
 * @throws {Error} If there is no Python 3.10 or newer, or a package cannot be installed.
 */
export async function installPython(list: string): Promise<string> {
  const packages = join(APPS, list);
  const folder = join(CACHE, `python-${hashOf(readFileSync(packages))}`);
  const python = join(folder, "bin", "python");
  await once(folder, async () => {
    await makeEnvironment(folder);
    await run(python, ["-m", "pip", "install", "--quiet", "--requirement", packages]);
  });
  return python;
}

async function makeEnvironment(folder: string): Promise<void> {
  const make = () => run("python3", ["-m", "venv", folder]);
  try {
    await make().catch(async () => {
      // Debian keeps this module in a package of its own.
      installDebianPackage("python3-venv");
      await make();
    });
  } catch (cause) {
    const why = (cause as Error).message;
    throw new Error(`Cannot make an environment of Python (3.10 or newer) for the apps: ${why}`, {
      cause,
    });
  }
}

/**
 * Copies a folder of apps/, installs the packages of its `package.json`, and runs its build script if it
 * has one.
 *
 * @returns The path of the copy.
 */
export async function installNpm(app: string): Promise<string> {
  const source = join(APPS, app);
  const files = (await readdir(source, { recursive: true, withFileTypes: true }))
    .filter((entry) => entry.isFile()).map(({ parentPath, name }) => join(parentPath, name)).sort();
  const texts = await Promise.all(files.map((file) => readFile(file)));
  const folder = join(CACHE, `${app}-${hashOf(Buffer.concat(texts))}`);
  await once(folder, async () => {
    await cp(source, folder, { recursive: true });
    const options = { cwd: folder, env: { ...process.env, NEXT_TELEMETRY_DISABLED: "1" } };
    await run("npm", ["install", "--no-audit", "--no-fund", "--loglevel=error"], options);
    await run("npm", ["run", "build", "--if-present"], options);
  });
  return folder;
}

/**
 * Installs the packages of a folder's `package.json`, by its lock.
 *
 * @param source The folder's path from the root.
 * @returns The path of the folder with `node_modules`.
 */
export async function installLocked(source: string): Promise<string> {
  const files = ["package.json", "package-lock.json"];
  const texts = await Promise.all(files.map((file) => readFile(join(source, file))));
  const folder = join(CACHE, `${basename(source)}-${hashOf(Buffer.concat(texts))}`);
  await once(folder, async () => {
    for (const [at, file] of files.entries()) await writeFile(join(folder, file), texts[at]!);
    const flags = ["--ignore-scripts", "--prefer-offline", "--no-audit", "--no-fund"];
    await run("npm", ["ci", ...flags, "--loglevel=error"], { cwd: folder });
  });
  return folder;
}

/** Builds a program of Go. @param path Of its package. @throws {Error} If that fails, or there is no Go. */
export async function installGo(path: string, version: string): Promise<string> {
  const folder = join(CACHE, `go-${hashOf(new TextEncoder().encode(path + version))}`);
  await once(folder, async () => {
    await run(findOrInstall("go", "golang-go"), ["install", `${path}@${version}`], {
      env: { ...process.env, GOBIN: folder },
    });
  });
  return join(folder, path.split("/").at(-1)!);
}

/** Versions of Debian's packages, such as `syncthing 1.19.2~ds1-1+b4`. */
export async function debianVersions(...names: string[]): Promise<string> {
  const { stdout } = await run("dpkg-query", ["-W", "-f", "${Package} ${Version}\n", ...names]);
  return stdout.trim().split("\n").join(", ");
}

/** Versions of Python's packages, such as `Django 5.2.19`. */
export async function pythonVersions(python: string, ...packages: string[]): Promise<string> {
  const program = "import sys; from importlib.metadata import version\n" +
    "print(', '.join(f'{name} {version(name)}' for name in sys.argv[1:]))";
  return (await run(python, ["-c", program, ...packages])).stdout.trim();
}

/** Versions of packages in a folder of npm's, such as `next 16.4.6`. */
export function npmVersions(folder: string, ...packages: string[]): string {
  return packages.map((name) => {
    const { version } = JSON.parse(
      readFileSync(join(folder, "node_modules", name, "package.json"), "utf8"),
    );
    return `${name} ${version}`;
  }).join(", ");
}

/** Runs a command, and returns what it prints. */
export async function outputOf(command: string, ...args: string[]): Promise<string> {
  return (await run(command, args)).stdout.trim();
}

/** Installs into a folder unless that was done to its end before, here or in an earlier run. */
async function once(folder: string, install: () => Promise<void>): Promise<void> {
  const stamp = join(folder, ".installed");
  const start = async () => {
    if (existsSync(stamp)) return;
    console.error(`Installing into ${folder} (once) …`);
    await rm(folder, { recursive: true, force: true });
    await mkdir(folder, { recursive: true });
    await install();
    await writeFile(stamp, "");
  };
  const installation = installations.get(folder) ?? start();
  installations.set(folder, installation);
  await installation;
}

function hashOf(data: Uint8Array): string {
  return createHash("sha256").update(data).digest("hex").slice(0, 12);
}
