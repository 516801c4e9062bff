// For tests: the built program, run as a user runs it. tools/test.ts builds it first.
import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { join } from "node:path";
import process from "node:process";
import { createInterface } from "node:readline";
import { text } from "node:stream/consumers";
import { temporaryFolder } from "../../tools/testing/temporary_folder.ts";

const PROGRAM = new URL("../dist/main.mjs", import.meta.url).pathname;

/** Where hosts keep their key, unless a test has a place for it. */
const STATE = join(temporaryFolder(), "state");

/** Variables of a machine where nothing is set up. */
const ENVIRONMENT = {
  PATH: process.env.PATH,
  HOME: "/nonexistent",
  LIGHTHOUSE_STATE: STATE,
  AWS_EC2_METADATA_DISABLED: "true",
};

const running = new Set<ChildProcess>();
process.on("exit", () => {
  for (const child of running) child.kill("SIGKILL");
});

/** Starts the program. */
export function start(args: string[], environment: Record<string, string> = {}): ChildProcess {
  const child = spawn(process.execPath, [PROGRAM, ...args], {
    env: { ...ENVIRONMENT, ...environment },
    stdio: ["pipe", "pipe", "pipe"],
  });
  running.add(child);
  child.on("close", () => running.delete(child));
  return child;
}

/** Runs the program to its end. @param input What it gets on standard input. */
export async function run(
  args: string[],
  environment: Record<string, string> = {},
  input = "",
): Promise<{ code: number | null; output: string; errors: string }> {
  const child = start(args, environment);
  child.stdin!.on("error", () => {}).end(input);
  const [output, errors, [code]] = await Promise.all([
    text(child.stdout!),
    text(child.stderr!),
    once(child, "close"),
  ]);
  return { code, output, errors };
}

/** Lines of a running program; `until` resolves with the count-th that matches. */
export function linesOf(child: ChildProcess) {
  const lines: string[] = [];
  const waiting = new Set<() => void>();
  let errors = "";
  child.stderr?.on("data", (text) => errors += text);
  createInterface({ input: child.stdout! }).on("line", (line) => {
    lines.push(line);
    for (const look of waiting) look();
  });
  async function until(pattern: RegExp, count = 1): Promise<string> {
    const { promise, resolve } = Promise.withResolvers<string>();
    const look = () => {
      const found = lines.filter((line) => pattern.test(line))[count - 1];
      if (found) resolve(found);
    };
    waiting.add(look);
    look();
    const ended = once(child, "close").then(([code, signal]) => {
      const said = [...lines, errors].join("\n");
      throw new Error(`It ended (${code ?? signal}) before ${pattern}: ${said}`);
    });
    return await Promise.race([promise, ended]);
  }
  return { lines, until };
}

/** Ends a program; its exit code, and how long that took in milliseconds. */
export async function end(child: ChildProcess, signal: NodeJS.Signals = "SIGTERM") {
  const started = performance.now();
  const closed = once(child, "close");
  child.kill(signal);
  const [code] = await closed;
  return { code, ms: performance.now() - started };
}
