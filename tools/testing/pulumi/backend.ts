// For tests: where the stand-in for the Pulumi command keeps stacks, in a folder as Pulumi's own file
// backend does: a lock while one changes, and the resources after each change.
//
// https://www.pulumi.com/docs/iac/concepts/state-and-backends/#local-filesystem-backend
import { randomUUID } from "node:crypto";
import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { hostname, userInfo } from "node:os";
import { join } from "node:path";
import process from "node:process";
import { fileURLToPath } from "node:url";

/** An error of the command. */
export class CliError extends Error {
  /** The command's exit code. */
  readonly code: number;

  constructor(message: string, code = 1) {
    super(message);
    this.code = code;
  }
}

/** A resource of a stack. */
export interface StackResource {
  urn: string;
  type: string;
  name: string;
  /** Its name in AWS; empty for the stack and components. */
  id: string;
  inputs: unknown;
  /** Those that AWS added. */
  outputs: Record<string, unknown>;
  /** For the Lambda, the path of its module. */
  bundle?: string;
}

/** What a stack's file holds. */
export interface StackState {
  /** In the order of their creation. */
  resources: StackResource[];
  outputs: Record<string, unknown>;
  /** The latest update comes first. */
  history: unknown[];
}

/** The stacks of one project. */
export class Backend {
  readonly #folder: string;
  readonly #project: string;

  /** @throws {CliError} If there is no place for the state. */
  constructor(url: string | undefined, project: string) {
    if (url === undefined) {
      throw new CliError(
        "PULUMI_ACCESS_TOKEN must be set for login during non-interactive CLI sessions",
        3,
      );
    }
    const root = fileURLToPath(url);
    if (!existsSync(root)) {
      throw new CliError(
        `unable to open state directory "${url}": stat ${root}: no such file or directory`,
      );
    }
    this.#folder = join(root, ".pulumi");
    this.#project = project;
  }

  /** @throws {CliError} If there is no such stack. */
  read(stack: string): StackState {
    const path = this.#pathOf(stack);
    if (!existsSync(path)) throw new CliError(`no stack named '${stack}' found`);
    return JSON.parse(readFileSync(path, "utf8"));
  }

  write(stack: string, state: StackState): void {
    const path = this.#pathOf(stack);
    mkdirSync(join(path, ".."), { recursive: true });
    writeFileSync(path, JSON.stringify(state, null, 4));
  }

  /** @throws {CliError} If there is such a stack. */
  create(stack: string): void {
    if (existsSync(this.#pathOf(stack))) throw new CliError(`stack '${stack}' already exists`);
    this.write(stack, { resources: [], outputs: {}, history: [] });
  }

  remove(stack: string): void {
    rmSync(this.#pathOf(stack));
  }

  list(): string[] {
    const folder = join(this.#folder, "stacks", this.#project);
    return existsSync(folder) ? readdirSync(folder).map((name) => name.replace(".json", "")) : [];
  }

  /**
   * Keeps others from changing a stack, until the returned lock is disposed of. A process that is killed
   * leaves it.
   *
   * @throws {CliError} If another process has it.
   */
  lock(stack: string): Disposable {
    const folder = this.#locksOf(stack);
    mkdirSync(folder, { recursive: true });
    const others = readdirSync(folder);
    if (others.length > 0) {
      const lines = others.map((name) => {
        const path = join(folder, name);
        const { username, hostname, pid, timestamp } = JSON.parse(readFileSync(path, "utf8"));
        return `\n  file://${path}: created by ${username}@${hostname} (pid ${pid}) at ${timestamp}`;
      });
      throw new CliError(
        `the stack is currently locked by ${others.length} lock(s). Either wait for the other ` +
          "process(es) to end or delete the lock file with `pulumi cancel`." + lines.join(""),
      );
    }
    const path = join(folder, `${randomUUID()}.json`);
    const content = {
      pid: process.pid,
      username: userInfo().username,
      hostname: hostname(),
      timestamp: new Date().toISOString(),
    };
    writeFileSync(path, JSON.stringify(content));
    return { [Symbol.dispose]: () => rmSync(path) };
  }

  /** Removes all locks of a stack. */
  cancel(stack: string): void {
    rmSync(this.#locksOf(stack), { recursive: true, force: true });
  }

  #pathOf(stack: string): string {
    return join(this.#folder, "stacks", this.#project, `${stack}.json`);
  }

  #locksOf(stack: string): string {
    return join(this.#folder, "locks", "organization", this.#project, stack);
  }
}
