// Finds node-datachannel, which does WebRTC by a native library. A web app that installs this package for its
// element does not need it, so it is no dependency: where it is not installed beside this package, npm installs
// it into the user's cache folder, at the first need.
import { readFileSync } from "node:fs";
import { cp, mkdir, mkdtemp, readFile, rename, rm, stat } from "node:fs/promises";
import { createRequire, findPackageJSON } from "node:module";
import { dirname, join } from "node:path";
import process from "node:process";
import { fileURLToPath } from "node:url";
import { LighthouseError } from "../../wire/mod.ts";
import { pathsOf } from "../config/paths.ts";
import { NpmError, runNpm } from "../platform/npm.ts";
import { checkFolder } from "../platform/private_folder.ts";
import { print } from "../platform/terminal.ts";
import manifest from "../../package.json" with { type: "json" };

/** The version that the host is tested with. */
export const NATIVE_VERSION = manifest.devDependencies["node-datachannel"];

/** The folder of its package.json and package-lock.json, which `npm run build` writes: all of its files by hash. */
const LOCK = new URL("./native/", import.meta.url);

/** Options of {@linkcode loadNative}. The defaults are those of this program and this user. */
export interface NativeOptions {
  /** Beside which file node-datachannel may be installed, as `import.meta.url`. */
  base?: string;
  /** The folder with the lock file. */
  lock?: URL;
  /** Variables: the cache folder and the path of npm depend on them. */
  environment?: Record<string, string | undefined>;
  /** Tells the user that a download begins. */
  say?: (text: string) => void;
}

/**
 * Loads node-datachannel: the one beside this package if it fits, else that in the user's cache folder, where
 * npm installs it first if it is missing.
 *
 * @throws {LighthouseError} `unsupported` if it cannot be installed or loaded; `bad-config` if others can
 * write to the cache folder.
 */
export async function loadNative(
  options: NativeOptions = {},
): Promise<typeof import("node-datachannel")> {
  const { base = import.meta.url, environment = process.env } = options;
  if (fits(base)) {
    const native = attempt(() => load(base));
    if (native) return native;
  }
  const { cache } = pathsOf(environment);
  const { platform, arch } = process;
  const folder = join(cache, `node-datachannel-${NATIVE_VERSION}-${platform}-${arch}`);
  if (await exists(folder)) {
    checkFolder(folder, "XDG_CACHE_HOME");
    const native = await isWhole(folder) && attempt(() => loadFrom(folder));
    if (native) return native;
  }
  await install(folder, options);
  try {
    return loadFrom(folder);
  } catch (cause) {
    throw refusal(`it does not load: ${firstLine((cause as Error).message)}`, cause);
  }
}

/** Whether the package that a file would import is of the right version: the same or a later patch. */
function fits(base: string): boolean {
  const path = attempt(() => findPackageJSON("node-datachannel", base));
  if (!path) return false;
  const { version } = JSON.parse(readFileSync(path, "utf8")) as { version: string };
  const [major, minor, patch = 0] = version.split(".").map(Number);
  const [wantedMajor, wantedMinor, least = 0] = NATIVE_VERSION.split(".").map(Number);
  return major === wantedMajor && minor === wantedMinor && patch >= least;
}

/**
 * Whether the packages are there that npm has installed: something may clean the cache. Node.js remembers where it
 * has missed a package.json, and would miss it also after it has come back.
 */
async function isWhole(folder: string): Promise<boolean> {
  try {
    const list = await readFile(join(folder, "node_modules", ".package-lock.json"), "utf8");
    const { packages } = JSON.parse(list) as { packages: Record<string, unknown> };
    const found = Object.keys(packages).map((path) => exists(join(folder, path, "package.json")));
    return (await Promise.all(found)).every(Boolean);
  } catch {
    return false;
  }
}

function loadFrom(folder: string): typeof import("node-datachannel") {
  return load(join(folder, "package.json"));
}

/** Loads the package as a file there would. @throws {Error} If it is missing, or not for this platform. */
function load(base: string): typeof import("node-datachannel") {
  const require = createRequire(base);
  return require("node-datachannel");
}

/** Installs into a draft, which then takes the folder's name: two processes may do so at the same time. */
async function install(folder: string, options: NativeOptions): Promise<void> {
  const { lock = LOCK, environment = process.env, say = sayOnStderr } = options;
  const cache = dirname(folder);
  let draft: string | undefined;
  try {
    await mkdir(cache, { recursive: true, mode: 0o700 });
    checkFolder(cache, "XDG_CACHE_HOME");
    draft = await mkdtemp(join(cache, "draft-"));
    say(`Fetching node-datachannel ${NATIVE_VERSION} (WebRTC, 4 MB) into ${folder}, once …`);
    await cp(fileURLToPath(lock), draft, { recursive: true });
    // The binary of each platform is an optional dependency.
    await runNpm(["ci", "--include=optional"], { cwd: draft, environment });
    await rename(draft, folder).catch(async () => {
      // What is there was put there meanwhile, or does not load.
      if (await isWhole(folder) && attempt(() => loadFrom(folder))) return;
      await rm(folder, { recursive: true, force: true });
      await rename(draft!, folder);
    });
  } catch (cause) {
    if (cause instanceof LighthouseError) throw cause;
    if (cause instanceof NpmError) throw refusal(cause.message, cause);
    // A sandbox, such as systemd's, leaves only some folders to write to.
    const cure =
      "Make that possible, or run lighthouse-host prepare once outside of the sandbox, as this user";
    throw refusal(`cannot write to ${cache} (${(cause as Error).message}). ${cure}`, cause);
  } finally {
    if (draft) await rm(draft, { recursive: true, force: true });
  }
}

function refusal(why: string, cause: unknown): LighthouseError {
  const what = `Cannot install node-datachannel ${NATIVE_VERSION}, which does WebRTC`;
  return new LighthouseError("unsupported", `${what}: ${why}`, { cause });
}

async function exists(path: string): Promise<boolean> {
  return await stat(path).then(() => true, () => false);
}

function attempt<T>(act: () => T): T | undefined {
  try {
    return act();
  } catch {
    return undefined;
  }
}

function firstLine(text: string): string {
  return text.split("\n", 1)[0]!;
}

function sayOnStderr(text: string): void {
  print(text, process.stderr);
}
