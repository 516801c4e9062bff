// For tests and `npm start`: the built program, run as a user runs it. tools/test.ts builds it first.
import { type ChildProcess, spawn } from "node:child_process";
import { join } from "node:path";
import process from "node:process";
import { createInterface } from "node:readline";
import { temporaryFolder } from "./temporary_folder.ts";

/** The command line of `lighthouse-host`: Node.js, and the path of host/dist/main.mjs. */
export const PROGRAM: readonly string[] = [
  process.execPath,
  new URL("../../host/dist/main.mjs", import.meta.url).pathname,
];

/** Environment variables of a machine without settings. */
const ENVIRONMENT = {
  PATH: process.env.PATH,
  HOME: "/nonexistent",
  LIGHTHOUSE_STATE: join(temporaryFolder(), "state"),
  AWS_EC2_METADATA_DISABLED: "true",
  LIGHTHOUSE_NO_UPDATE_NOTICE: "1",
  // No test asks the router of the machine that it runs on.
  LIGHTHOUSE_PORT_MAPPING: "off",
};

const running = new Set<ChildProcess>();
process.on("exit", () => {
  for (const child of running) child.kill("SIGKILL");
});

/** A child process and its output. It ends at the latest with this process. */
export class RunningProgram {
  /** Lines of its standard output. */
  readonly lines: string[] = [];
  /** Its standard error. */
  errors = "";
  /** Resolves with the exit code, or the signal's name. */
  readonly exited: Promise<number | string>;
  readonly child: ChildProcess;
  /** Called with each line of standard output. */
  onLine: ((line: string) => void) | undefined;
  readonly #looks = new Set<() => void>();

  /** @param child A process with pipes for standard output and standard error. */
  constructor(child: ChildProcess) {
    this.child = child;
    running.add(child);
    child.stderr!.setEncoding("utf8").on("data", (text: string) => this.errors += text);
    createInterface({ input: child.stdout! }).on("line", (line) => {
      this.lines.push(line);
      this.onLine?.(line);
      for (const look of this.#looks) look();
    });
    this.exited = new Promise((resolve, reject) =>
      child.on("error", reject).on("close", (code, signal) => {
        running.delete(child);
        resolve(code ?? signal ?? "unknown");
      })
    );
  }

  get pid(): number {
    return this.child.pid!;
  }

  /** Whether it is still running. */
  get isRunning(): boolean {
    return running.has(this.child);
  }

  /** Resolves with the count-th matching line. @throws {Error} If the program ends before. */
  readonly until = (pattern: RegExp, count = 1): Promise<string> =>
    this.find(pattern, () => this.lines.filter((line) => pattern.test(line))[count - 1]);

  /**
   * Resolves with the result of `look`, now or after a further line.
   *
   * @param wanted The name of the result, for the error.
   * @throws {Error} If the program ends before, with its output.
   */
  async find<Found>(wanted: unknown, look: () => Found | undefined): Promise<Found> {
    const { promise, resolve } = Promise.withResolvers<Found>();
    const lookAgain = () => {
      const found = look();
      if (found !== undefined) resolve(found);
    };
    this.#looks.add(lookAgain);
    lookAgain();
    const ended = this.exited.then((code) => {
      const said = [...this.lines, this.errors].join("\n");
      throw new Error(`The program ended (${code}) before ${wanted}: ${said}`);
    });
    return await Promise.race([promise, ended]).finally(() => this.#looks.delete(lookAgain));
  }

  /** Sends a signal, and waits for the end. @returns The outcome; `ms` is the time that it took. */
  async end(signal: NodeJS.Signals = "SIGTERM"): Promise<{ code: number | string; ms: number }> {
    const started = performance.now();
    this.child.kill(signal);
    const code = await this.exited;
    return { code, ms: performance.now() - started };
  }
}

/** Options of {@linkcode start}. */
export interface StartOptions {
  /** A command to run the program through, such as `["ip", "netns", "exec", name]`. */
  through?: string[];
  /** Whether it gets its own process group, which a terminal's Ctrl-C does not reach. */
  isDetached?: boolean;
}

/** Starts the program. @param environment Variables, added to those of a machine without settings. */
export function start(
  args: string[],
  environment: Record<string, string | undefined> = {},
  { through = [], isDetached = false }: StartOptions = {},
): RunningProgram {
  const [command, ...rest] = [...through, ...PROGRAM, ...args];
  const child = spawn(command!, rest, {
    env: { ...ENVIRONMENT, ...environment },
    stdio: ["pipe", "pipe", "pipe"],
    detached: isDetached,
  });
  child.stdin.on("error", () => {});
  return new RunningProgram(child);
}

/** Runs the program to its end. @param input Its standard input. */
export async function run(
  args: string[],
  environment: Record<string, string | undefined> = {},
  input = "",
): Promise<{ code: number | string; output: string; errors: string }> {
  const program = start(args, environment);
  program.child.stdin!.end(input);
  const code = await program.exited;
  const output = program.lines.map((line) => `${line}\n`).join("");
  return { code, output, errors: program.errors };
}

/** Runs the program to its end. @returns Its output. @throws {Error} If it fails. */
export async function outputOf(...args: string[]): Promise<string> {
  const { code, output, errors } = await run(args);
  if (code === 0) return output;
  throw new Error(`lighthouse-host ${args[0]} ended with ${code}: ${output}${errors}`);
}

/** Runs `pair` for one page, and does not wait for it. @returns The link that it prints. */
export async function pairingLink(state: string, page: string, ...flags: string[]) {
  const output = await outputOf("pair", "--no-wait", "--state", state, "--page", page, ...flags);
  return /^ +(http\S+#lighthouse=\S+)$/m.exec(output)![1]!;
}
