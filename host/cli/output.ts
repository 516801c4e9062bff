// What happens when the output cannot be written: its reader has ended, as in `devices | head -1`, or the
// disk is full.
import process from "node:process";
import { line, paint, print } from "../platform/terminal.ts";

/** The program's output. */
export interface Output {
  /** Resolves when all is written. @returns Whether it was. */
  flush(): Promise<boolean>;
}

/**
 * Ends the program quietly when nobody reads its output any more. A command that runs until a signal gets
 * SIGTERM, so that it tidies up. Another failure is told once: then such a command goes on, since a host
 * must not end for its log, and others fail.
 */
export function watchOutput(): Output {
  const { stdout, stderr } = process;
  let trouble: NodeJS.ErrnoException | undefined;
  // There is no place left to tell it.
  stderr.on("error", () => {});
  stdout.on("error", (error: NodeJS.ErrnoException) => {
    if (trouble) return;
    trouble = error;
    const isUnread = error.code === "EPIPE";
    const runsOn = process.listenerCount("SIGTERM") > 0;
    if (!isUnread) {
      const text = `Cannot write the output: ${error.message}`;
      print(line`${paint("red", "error:", stderr)} ${text}`, stderr);
    }
    if (!runsOn) process.exit(isUnread ? 0 : 1);
    if (isUnread) process.kill(process.pid, "SIGTERM");
  });
  return {
    async flush() {
      await new Promise<void>((resolve) => stdout.write("", () => resolve()));
      return trouble === undefined || trouble.code === "EPIPE";
    },
  };
}
