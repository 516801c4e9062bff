// For end-to-end tests: the host's commands as people type them, and what they print.
import { type ChildProcessByStdio, spawn } from "node:child_process";
import process from "node:process";
import type { Readable } from "node:stream";

const PROGRAM = new URL("../../host/dist/main.mjs", import.meta.url).pathname;

/** What a child process prints, on both streams. */
export interface ChildOutput {
  /** All that it has printed so far. */
  readonly output: string;
  /** Resolves with its exit code when it has ended. */
  readonly exited: Promise<number | null>;
  /** Resolves with the match as soon as the output has one. @throws {Error} when it ends without. */
  until(pattern: RegExp): Promise<RegExpExecArray>;
}

/** A command that runs. */
export interface HostCommand extends ChildOutput {
  /** As Ctrl-C. */
  interrupt(): void;
}

/** Runs `lighthouse-host` with these arguments, and nothing of this machine's own settings. */
export function startCommand(...args: string[]): HostCommand {
  const child = spawn(process.execPath, [PROGRAM, ...args], {
    env: { ...process.env, NO_COLOR: "1", XDG_CONFIG_HOME: "/nonexistent" },
    stdio: ["ignore", "pipe", "pipe"],
  });
  return Object.assign(readOutput(child), { interrupt: () => void child.kill("SIGINT") });
}

/** Reads what a child prints from now on. */
export function readOutput(child: ChildProcessByStdio<null, Readable, Readable>): ChildOutput {
  let output = "";
  const looks = new Set<() => void>();
  for (const stream of [child.stdout, child.stderr]) {
    stream.setEncoding("utf8").on("data", (text: string) => {
      output += text;
      for (const look of looks) look();
    });
  }
  const exited = new Promise<number | null>((resolve) => child.on("close", resolve));
  return {
    exited,
    get output() {
      return output;
    },
    async until(pattern) {
      const { promise, resolve, reject } = Promise.withResolvers<RegExpExecArray>();
      const look = () => {
        const match = pattern.exec(output);
        if (match) resolve(match);
      };
      looks.add(look);
      look();
      exited.then((code) => reject(new Error(`It ended (${code}) before ${pattern}: ${output}`)));
      return await promise.finally(() => looks.delete(look));
    },
  };
}

/** Runs a command to its end. @throws {Error} when that is not as asked. */
export async function runCommand(...args: string[]): Promise<string> {
  const command = startCommand(...args);
  const code = await command.exited;
  if (code !== 0) {
    throw new Error(`lighthouse-host ${args[0]} ended with ${code}: ${command.output}`);
  }
  return command.output;
}
