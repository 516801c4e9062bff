// Reads the processor time and memory of processes from Linux's /proc. Unknown on other systems.
// https://man7.org/linux/man-pages/man5/proc_pid_stat.5.html
import { readdirSync, readFileSync } from "node:fs";
import process from "node:process";

/** Clock ticks per second in /proc, on every Linux that Node.js runs on. */
const TICKS = 100;

/** Processor time and memory. */
export interface ProcessCost {
  /** Seconds of processor time since the start. */
  cpu: number;
  /** Resident bytes. Shared memory counts in each process. */
  memory: number;
}

/** Sums the cost of processes so far; undefined on systems other than Linux. */
export function costOf(...pids: number[]): ProcessCost | undefined {
  if (process.platform !== "linux") return undefined;
  const sum = (figure: (pid: number) => number) => pids.reduce((all, pid) => all + figure(pid), 0);
  return { cpu: sum(cpuSeconds), memory: sum(residentBytes) };
}

/** Returns a process and all its descendants; only the process on systems other than Linux. */
export function treeOf(pid: number): number[] {
  if (process.platform !== "linux") return [pid];
  const all = readdirSync("/proc").filter((name) => /^\d+$/.test(name)).map(Number);
  const tree = [pid];
  // The loop also visits the appended ones.
  for (const parent of tree) {
    tree.push(...all.filter((each) => statOf(each)?.parent === parent));
  }
  return tree;
}

function cpuSeconds(pid: number): number {
  return (statOf(pid)?.ticks ?? 0) / TICKS;
}

function residentBytes(pid: number): number {
  return Number(/^VmRSS:\s+(\d+) kB/m.exec(read(`/proc/${pid}/status`))?.[1] ?? 0) * 1024;
}

/** Undefined for a process that has ended. */
function statOf(pid: number): { parent: number; ticks: number } | undefined {
  // The second field is the program's name, which can contain anything; the third is the state.
  const fields = read(`/proc/${pid}/stat`).split(") ").at(-1)!.split(" ");
  if (fields.length < 13) return undefined;
  return { parent: Number(fields[1]), ticks: Number(fields[11]) + Number(fields[12]) };
}

function read(path: string): string {
  try {
    return readFileSync(path, "latin1");
  } catch {
    return "";
  }
}
