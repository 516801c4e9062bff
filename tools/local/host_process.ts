// Development part: runs the built `lighthouse-host run --json` in a separate process, as a service
// manager would.
import process from "node:process";
import { type RunningProgram, start } from "../testing/program.ts";

/** A line of the host's JSON log. */
export interface HostLine {
  level: string;
  event: string;
  message: string;
  [field: string]: unknown;
}

/** Options of {@linkcode HostProcess}. */
export interface HostProcessOptions {
  /** Flags after `run`, without `--json`. */
  flags: string[];
  /** Environment variables, added to this process's; undefined removes one. */
  environment?: Record<string, string | undefined>;
  onLine?: (line: HostLine) => void;
}

/** A running host. */
export class HostProcess {
  /** Its log so far. */
  readonly lines: HostLine[] = [];
  readonly #program: RunningProgram;

  constructor({ flags, environment = {}, onLine }: HostProcessOptions) {
    this.#program = start(["run", "--json", ...flags], { ...process.env, ...environment }, {
      // A terminal's Ctrl-C must reach it once, by its parent.
      isDetached: true,
    });
    this.#program.onLine = (text) => {
      const line = JSON.parse(text) as HostLine;
      this.lines.push(line);
      onLine?.(line);
    };
  }

  get pid(): number {
    return this.#program.pid;
  }

  /** Its standard error so far. */
  get errors(): string {
    return this.#program.errors;
  }

  /** Resolves with the exit code, or the signal's name. */
  get exited(): Promise<number | string> {
    return this.#program.exited;
  }

  /**
   * Resolves with the first line of an event, from the given index on.
   *
   * @throws {Error} If the process ends before, with its output.
   */
  until(event: string, from = 0): Promise<HostLine> {
    return this.#program.find(
      `"${event}"`,
      () => this.lines.slice(from).find((line) => line.event === event),
    );
  }

  /** Sends a signal, without waiting. */
  signal(name: NodeJS.Signals): void {
    this.#program.child.kill(name);
  }

  /** Sends a signal and waits for the end. @default "SIGTERM" */
  async stop(signal: NodeJS.Signals = "SIGTERM"): Promise<number | string> {
    return (await this.#program.end(signal)).code;
  }
}
