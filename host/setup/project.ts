// The Pulumi project that `setup` deploys: the template's files, in a folder of the user's.
import { existsSync } from "node:fs";
import { mkdir, readdir, readFile, rm, rmdir, writeFile } from "node:fs/promises";
import { findPackageJSON } from "node:module";
import { randomBytes } from "node:crypto";
import { delimiter, dirname, join, sep } from "node:path";
import process from "node:process";
import { pathToFileURL } from "node:url";
import { NpmError, runNpm } from "../platform/npm.ts";
import { createPrivateFile } from "../platform/private_file.ts";
import { ANSWERS } from "./answers.ts";
import { SetupError } from "./setup_error.ts";
import manifest from "../../package.json" with { type: "json" };

/** Time for npm to install Pulumi's packages, in milliseconds: they have some 100 MB. */
const INSTALL_MS = 900_000;

/** The folder of this package. */
const PACKAGE = dirname(findPackageJSON("..", import.meta.url)!);

/** The folder of the state, and the file with its passphrase, in the project's folder. */
const STATE = "state";
const PASSPHRASE = "passphrase";

/** What is no part of the program: a repository should not have it. */
const IGNORED = ["node_modules/", `${STATE}/`, PASSPHRASE, ANSWERS];

/** What undoing removes. The template's files stay if they were changed. */
const OWN = [
  "node_modules",
  STATE,
  PASSPHRASE,
  ANSWERS,
  "Pulumi.prod.yaml",
  "package-lock.json",
  ".gitignore",
];

/** A folder with a Pulumi project. */
export class Project {
  readonly folder: string;

  constructor(folder: string) {
    this.folder = folder;
  }

  /** This program, as the project has it: a copy that stays where npx has another one. */
  get program(): string {
    return this.#ofPackage(manifest.bin["lighthouse-host"]);
  }

  /** The element in one file, for pages without a bundler. */
  get element(): string {
    return this.#ofPackage(manifest.unpkg);
  }

  #ofPackage(path: string): string {
    return join(this.folder, "node_modules", "lighthouse-tunnel", path);
  }

  /** Whether `setup` has begun here. */
  exists(): boolean {
    return existsSync(join(this.folder, "Pulumi.yaml"));
  }

  /**
   * Writes the template's files, and those that are missing. What the user has changed stays, apart from
   * this package's version in package.json.
   *
   * @throws {SetupError} If the folder has other files.
   */
  async write(): Promise<void> {
    const { folder } = this;
    await mkdir(folder, { recursive: true, mode: 0o700 });
    const found = await readdir(folder);
    const template = await readTemplate();
    const known = [...template.map(([name]) => name), ...OWN, ".git", ".github", "README.md"];
    const foreign = found.find((name) => !known.includes(name));
    if (!await this.#isOwn() || (foreign !== undefined && !found.includes("package.json"))) {
      throw new SetupError(
        `Cannot use ${folder}: it has other files, such as ${foreign ?? "package.json"}. ` +
          "Name a new folder by --project",
      );
    }
    for (const [name, text] of template) {
      if (name !== "package.json" && found.includes(name)) continue;
      const old = found.includes(name) ? await readFile(join(folder, name), "utf8") : undefined;
      await writeFile(join(folder, name), old === undefined ? text : withThisVersion(old));
    }
    if (!found.includes(".gitignore")) {
      await writeFile(join(folder, ".gitignore"), `${IGNORED.join("\n")}\n`);
    }
  }

  /** Whether its package.json, if there is one, is of such a project. */
  async #isOwn(): Promise<boolean> {
    try {
      const text = await readFile(join(this.folder, "package.json"), "utf8");
      return "lighthouse-tunnel" in (JSON.parse(text).dependencies ?? {});
    } catch (error) {
      return (error as NodeJS.ErrnoException).code === "ENOENT";
    }
  }

  /** Whether its packages are installed, in the versions of package.json. */
  async isInstalled(): Promise<boolean> {
    try {
      const path = join(this.folder, "node_modules", "lighthouse-tunnel", "package.json");
      const { version } = JSON.parse(await readFile(path, "utf8"));
      const lock = join(this.folder, "node_modules", ".package-lock.json");
      return isReleased && version === manifest.version && existsSync(lock);
    } catch {
      return false;
    }
  }

  /** Installs its packages. @throws {SetupError} With what npm says. */
  async install(signal: AbortSignal): Promise<void> {
    // npm would keep an earlier copy of a clone with the same version.
    await rm(join(this.folder, "node_modules", "lighthouse-tunnel"), {
      recursive: true,
      force: true,
    });
    try {
      await runNpm(["install", "--install-links"], {
        cwd: this.folder,
        environment: process.env,
        timeout: INSTALL_MS,
        signal,
      });
    } catch (error) {
      signal.throwIfAborted();
      if (!(error instanceof NpmError)) throw error;
      throw new SetupError(`Cannot install Pulumi's packages: ${error.message}`, { cause: error });
    }
  }

  /**
   * The variables by which Pulumi finds state and passphrase.
   *
   * @param state As `pulumi login` takes it; undefined for the folder's own.
   */
  async environment(state: string | undefined): Promise<Record<string, string>> {
    const environment: Record<string, string> = {
      PULUMI_SKIP_UPDATE_CHECK: "true",
      // Pulumi runs the program with the Node.js that runs this.
      PATH: [dirname(process.execPath), process.env.PATH].join(delimiter),
    };
    if (state === undefined) {
      const folder = join(this.folder, STATE);
      await mkdir(folder, { recursive: true, mode: 0o700 });
      environment.PULUMI_BACKEND_URL = pathToFileURL(folder).href;
    } else {
      environment.PULUMI_BACKEND_URL = state;
    }
    const { PULUMI_CONFIG_PASSPHRASE, PULUMI_CONFIG_PASSPHRASE_FILE } = process.env;
    if (PULUMI_CONFIG_PASSPHRASE === undefined && !PULUMI_CONFIG_PASSPHRASE_FILE) {
      const path = join(this.folder, PASSPHRASE);
      await createPrivateFile(path, randomBytes(24).toString("base64url"));
      environment.PULUMI_CONFIG_PASSPHRASE_FILE = path;
    }
    return environment;
  }

  /** Removes what `setup` has written. @returns Whether the folder is gone. */
  async remove(): Promise<boolean> {
    const { folder } = this;
    for (const name of OWN) await rm(join(folder, name), { recursive: true, force: true });
    for (const [name, text] of await readTemplate()) {
      const path = join(folder, name);
      const old = await readFile(path, "utf8").catch(() => undefined);
      if (old === text) await rm(path);
    }
    return await rmdir(folder).then(() => true, () => false);
  }
}

/** Whether this package comes from a registry of packages, and not from a clone. */
const isReleased = PACKAGE.includes(`${sep}node_modules${sep}`);

/** The version of this package for a package.json: a clone's own path, which npm copies. */
const VERSION = isReleased ? manifest.version : `file:${PACKAGE}`;

async function readTemplate(): Promise<[name: string, text: string][]> {
  const folder = join(PACKAGE, "stack", "template");
  const files: [string, string][] = [];
  for (const name of (await readdir(folder)).sort()) {
    const text = (await readFile(join(folder, name), "utf8"))
      .replaceAll("${PROJECT}", "lighthouse").replaceAll(
        "${DESCRIPTION}",
        "The AWS side of Lighthouse",
      );
    files.push([name, name === "package.json" ? withThisVersion(text) : text]);
  }
  return files;
}

/** A package.json that depends on this package's version. */
function withThisVersion(text: string): string {
  const project = JSON.parse(text) as { dependencies?: Record<string, string> };
  project.dependencies = { ...project.dependencies, "lighthouse-tunnel": VERSION };
  return `${JSON.stringify(project, undefined, 2)}\n`;
}
