// The names of this program.
import { basename } from "node:path";
import process from "node:process";

/** The program's name in the documentation. */
export const PROGRAM = "lighthouse-host";

/** The names under which npm installs the program. */
export const PROGRAMS = [PROGRAM, "lighthouse-tunnel"];

/** The name by which the program was called. */
export function calledAs(): string {
  const name = basename(process.argv[1] ?? "");
  return PROGRAMS.includes(name) ? name : PROGRAM;
}

/** The argument of the process that looks for a newer version: see update_notice.ts. */
export const LOOK_FOR_UPDATE = "look-for-update";
