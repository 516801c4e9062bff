// The common part of the commands that measure, soak, attack and fuzz: flags and exit codes.
import process from "node:process";
import { build } from "../build.ts";

/** A command. */
export interface Command<Plan> {
  usage: string;
  /** Reads the flags. @returns Undefined if help is wanted. @throws {TypeError} If one is wrong. */
  parse: (args: string[]) => Plan | undefined;
  /** Runs the command, and prints its results. @returns Whether everything was right. */
  run: (plan: Plan) => Promise<boolean>;
}

/** Runs the command line. @returns The exit code: 0; 3 if the run found faults; 2 for a wrong flag; 1. */
export async function runCommand<Plan>({ usage, parse, run }: Command<Plan>): Promise<number> {
  let plan: Plan | undefined;
  try {
    plan = parse(process.argv.slice(2));
  } catch (error) {
    console.error(`${(error as Error).message}\n\n${usage}`);
    return 2;
  }
  if (!plan) {
    console.log(usage);
    return 0;
  }
  try {
    await build();
    return await run(plan) ? 0 : 3;
  } catch (error) {
    console.error(`error: ${(error as Error).message}`);
    return 1;
  }
}

/** Says on the standard error what a command is about. */
export function tell(what: string): void {
  console.error(`· ${what}`);
}

/** Rejects at Ctrl-C or a service manager's signal, so that all parts close in order. */
export function untilInterrupted(): Promise<never> {
  const { promise, reject } = Promise.withResolvers<never>();
  for (const signal of ["SIGINT", "SIGTERM", "SIGHUP"] as const) {
    process.once(signal, () => reject(new Error(`Cannot go on: ${signal}`)));
  }
  promise.catch(() => {});
  return promise;
}

/** The flags of all these commands, for `parseArgs`. The seed is any by default. */
export function commonFlags() {
  return {
    seed: { type: "string", default: String(Math.floor(Math.random() * 1e6)) },
    json: { type: "boolean", default: false },
    help: { type: "boolean", default: false },
  } as const;
}

/**
 * The parts of a command that its `--only` names, with commas between; all without it.
 *
 * @param kind What a part is, for the error.
 * @throws {TypeError} If there is no part of a name.
 */
export function chosen<Part extends { name: string }>(
  parts: readonly Part[],
  only: string | undefined,
  kind: string,
): readonly Part[] {
  return only?.split(",").map((name) => {
    const part = parts.find((each) => each.name === name);
    if (part) return part;
    throw new TypeError(`Cannot run ${name}: there is no such ${kind} (--list prints them)`);
  }) ?? parts;
}

/** The value of a flag: a whole number of at most six digits. @throws {TypeError} If it is none. */
export function parseWhole(flag: string, text: string, least: number, most: number): number {
  const value = /^\d{1,6}$/.test(text) ? Number(text) : NaN;
  if (value >= least && value <= most) return value;
  throw new TypeError(`Cannot use ${flag} ${text}: give a whole number from ${least} to ${most}`);
}
