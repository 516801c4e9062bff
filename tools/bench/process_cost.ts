// What processes cost: their processor time and their memory. By Linux's /proc, so elsewhere unknown.
// https://man7.org/linux/man-pages/man5/proc_pid_stat.5.html
import { readdirSync, readFileSync } from "node:fs";
import process from "node:process";

/** Clock ticks per second, as /proc counts them on every Linux that Node.js runs on. */
const TICKS = 100;

/** Processor time and memory. */
export interface ProcessCost {
  /** Seconds of processor time since the start. */
  cpu: number;
  /** Resident bytes; what several processes share counts in each. */
  memory: number;
}

/** What these processes together cost so far; undefined on other systems than Linux. */
export function costOf(...pids: number[]): ProcessCost | undefined {
  if (process.platform !== "linux") return undefined;
  const sum = (figure: (pid: number) => number) => pids.reduce((all, pid) => all + figure(pid), 0);
  return { cpu: sum(cpuSeconds), memory: sum(residentBytes) };
}

/** A process and all that it has started, directly or not; itself alone on other systems than Linux. */
export function treeOf(pid: number): number[] {
  if (process.platform !== "linux") return [pid];
  const all = readdirSync("/proc").filter((name) => /^\d+$/.test(name)).map(Number);
  const tree = [pid];
  // Those that are appended are looked at in their turn.
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
  // The second field is the program's name, in which anything may stand; the third is its state.
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
