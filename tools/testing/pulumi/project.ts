// For tests: the project's files, as the stand-in for the Pulumi command reads and writes them.
//
// https://www.pulumi.com/docs/iac/concepts/projects/project-file/
// https://www.pulumi.com/docs/iac/concepts/projects/stack-settings-file/
import { createHash } from "node:crypto";
import { existsSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { createRequire } from "node:module";
import { join } from "node:path";
import process from "node:process";
import { CliError } from "./backend.ts";

const { load, dump } = createRequire(import.meta.resolve("@pulumi/pulumi/index.js"))("js-yaml");

/** What this command reads of Pulumi.yaml. */
export interface Project {
  folder: string;
  name: string;
  main: string;
  /** Whether each update reads the resources first. */
  refreshes: boolean;
  /** The declared settings, by their name without that of the project. */
  config: Record<string, { type?: string; default?: unknown } | undefined>;
}

/** A stack's settings file. */
interface StackSettings {
  encryptionsalt?: string;
  config?: Record<string, unknown>;
}

/** @throws {CliError} If the folder has no project. */
export function readProject(folder: string): Project {
  const path = join(folder, "Pulumi.yaml");
  if (!existsSync(path)) throw new CliError("no Pulumi.yaml project file found");
  const { name, main = "index.ts", config = {}, options = {} } = load(readFileSync(path, "utf8"));
  return { folder, name, main, config, refreshes: options.refresh === "always" };
}

/** The settings of a stack, by their full names. */
export class StackConfig {
  readonly #project: Project;
  readonly #path: string;
  readonly #settings: StackSettings;

  constructor(project: Project, stack: string) {
    this.#project = project;
    this.#path = join(project.folder, `Pulumi.${stack}.yaml`);
    this.#settings = existsSync(this.#path) ? load(readFileSync(this.#path, "utf8")) ?? {} : {};
  }

  /**
   * Ties a new stack to the passphrase, and refuses another one for an old stack.
   *
   * @throws {CliError} If the passphrase is wrong, or there is none.
   */
  unlock(): void {
    const passphrase = readPassphrase();
    if (passphrase === undefined) {
      throw new CliError(
        "could not create secrets manager for new stack: passphrase must be set with " +
          "PULUMI_CONFIG_PASSPHRASE or PULUMI_CONFIG_PASSPHRASE_FILE environment variables",
      );
    }
    const salt = `v1:${createHash("sha256").update(passphrase).digest("base64")}`;
    this.#settings.encryptionsalt ??= salt;
    if (this.#settings.encryptionsalt !== salt) {
      throw new CliError(
        "getting stack configuration: get stack secrets manager: incorrect passphrase",
      );
    }
    this.#write();
  }

  /** @param path Whether the name may have an index after it, such as `hosts[0]`. */
  set(name: string, value: string, path: boolean): void {
    const config = this.#settings.config ??= {};
    const [, key, index] = /^(.*?)(?:\[(\d+)\])?$/.exec(this.#fullName(name))!;
    if (path && index !== undefined) {
      const list = Array.isArray(config[key!]) ? config[key!] as unknown[] : config[key!] = [];
      (list as unknown[])[Number(index)] = value;
    } else {
      config[path ? key! : this.#fullName(name)] = value;
    }
    this.#write();
  }

  unset(name: string): void {
    delete this.#settings.config?.[this.#fullName(name)];
    this.#write();
  }

  remove(): void {
    rmSync(this.#path, { force: true });
  }

  /** All settings, with the project's defaults. */
  get values(): Record<string, unknown> {
    const values: Record<string, unknown> = { ...this.#settings.config };
    for (const [name, declared] of Object.entries(this.#project.config)) {
      if (declared?.default !== undefined) values[this.#fullName(name)] ??= declared.default;
    }
    return values;
  }

  /** The settings as the program gets them: as texts. */
  get texts(): Record<string, string> {
    const entries = Object.entries(this.values).map(([name, value]) => [
      name,
      typeof value === "string" ? value : JSON.stringify(value),
    ]);
    return Object.fromEntries(entries);
  }

  #fullName(name: string): string {
    return name.includes(":") ? name : `${this.#project.name}:${name}`;
  }

  #write(): void {
    writeFileSync(this.#path, dump(this.#settings));
  }
}

function readPassphrase(): string | undefined {
  const { PULUMI_CONFIG_PASSPHRASE: text, PULUMI_CONFIG_PASSPHRASE_FILE: file } = process.env;
  if (text !== undefined) return text;
  return file ? readFileSync(file, "utf8").trim() : undefined;
}
