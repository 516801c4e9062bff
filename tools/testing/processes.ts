// For tests: the programs that a process has started.
import { execFileSync } from "node:child_process";

/** A program that runs. */
export interface ChildProgram {
  pid: number;
  /** Its command line. */
  command: string;
}

/** Returns the children of a process whose command line has this text. */
export function childrenOf(parent: number, text: string): ChildProgram[] {
  const all = execFileSync("ps", ["-A", "-ww", "-o", "pid=,ppid=,args="], { encoding: "utf8" });
  return [...all.matchAll(/^ *(\d+) +(\d+) (.*)$/gm)]
    .filter(([, , ppid, command]) => Number(ppid) === parent && command!.includes(text))
    .map(([, pid, , command]) => ({ pid: Number(pid), command: command! }));
}

/** Whether a process runs. One that has ended and that its parent has not noticed is none. */
export function isRunning(pid: number): boolean {
  try {
    const state = execFileSync("ps", ["-o", "stat=", "-p", `${pid}`], { encoding: "utf8" });
    return !state.startsWith("Z");
  } catch {
    return false;
  }
}
