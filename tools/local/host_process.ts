// A development part: runs the built `lighthouse-host run --json` as its own process, as a user's
// service manager would.
import { type ChildProcess, spawn } from "node:child_process";
import process from "node:process";
import { createInterface } from "node:readline";

/** One line of the host's JSON log. */
export interface HostLine {
  level: string;
  event: string;
  message: string;
  [field: string]: unknown;
}

/** Options of {@linkcode startHostProcess}. */
export interface HostProcessOptions {
  /** Flags after `run`, without `--json`. */
  flags: string[];
  /** Variables besides this process's own. */
  environment?: Record<string, string>;
  onLine?: (line: HostLine) => void;
}

const PROGRAM = new URL("../../host/dist/main.mjs", import.meta.url).pathname;

/** A running host. */
export class HostProcess {
  /** What it has logged. */
  readonly lines: HostLine[] = [];
  /** What it has written to standard error. */
  errors = "";
  /** Resolves with the exit code, or the signal's name. */
  readonly exited: Promise<number | string>;
  readonly #child: ChildProcess;
  readonly #onLine = new Set<() => void>();

  constructor({ flags, environment = {}, onLine }: HostProcessOptions) {
    // A group of its own: a terminal's Ctrl-C reaches it through whoever started it, once.
    this.#child = spawn(process.execPath, [PROGRAM, "run", "--json", ...flags], {
      env: { ...process.env, ...environment },
      stdio: ["ignore", "pipe", "pipe"],
      detached: true,
    });
    this.exited = new Promise((resolve) =>
      this.#child.on("close", (code, signal) => resolve(code ?? signal ?? "unknown"))
    );
    this.#child.stderr!.setEncoding("utf8").on("data", (text: string) => this.errors += text);
    createInterface({ input: this.#child.stdout! }).on("line", (text) => {
      const line = JSON.parse(text) as HostLine;
      this.lines.push(line);
      onLine?.(line);
      for (const look of this.#onLine) look();
    });
  }

  get pid(): number {
    return this.#child.pid!;
  }

  /**
   * Resolves with the first line of an event, from the given index on.
   *
   * @throws {Error} when the process ends before, with what it said.
   */
  async until(event: string, from = 0): Promise<HostLine> {
    const { promise, resolve } = Promise.withResolvers<HostLine>();
    const look = () => {
      const line = this.lines.slice(from).find((line) => line.event === event);
      if (line) resolve(line);
    };
    this.#onLine.add(look);
    look();
    try {
      return await Promise.race([
        promise,
        this.exited.then((code) => {
          throw new Error(`The host ended (${code}) before "${event}": ${this.errors}`);
        }),
      ]);
    } finally {
      this.#onLine.delete(look);
    }
  }

  /** Sends a signal that does not end it. */
  signal(name: NodeJS.Signals): void {
    this.#child.kill(name);
  }

  /** Sends a signal and waits for the end. @default "SIGTERM" */
  async stop(signal: NodeJS.Signals = "SIGTERM"): Promise<number | string> {
    this.#child.kill(signal);
    return await this.exited;
  }
}
