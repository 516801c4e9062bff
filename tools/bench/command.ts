// The common part of the soaks' commands: flags and exit codes.
import { parseArgs, type ParseArgsOptionsConfig } from "node:util";
import { build } from "../build.ts";

/** A soak command. */
export interface SoakCommand<Plan> {
  usage: string;
  /** Flags besides `--seed`, `--json` and `--help`. */
  options: ParseArgsOptionsConfig;
  planOf: (flags: SoakFlags) => Plan;
  /** Runs the soak, and prints its results. @returns Whether everything was right. */
  run: (plan: Plan, json: boolean) => Promise<boolean>;
}

/** The given flags. */
export interface SoakFlags {
  /** Reads a whole number. @throws {TypeError} If it is not one, or above `most`. */
  whole: (flag: string, most: number) => number;
  /** Whether a flag without a value is given. */
  has: (flag: string) => boolean;
}

/** Runs the command line. @returns The exit code: 0; 3 if the run found faults; 2 for a wrong flag; 1. */
export async function runCommand<Plan>(
  { usage, options, planOf, run }: SoakCommand<Plan>,
): Promise<number> {
  let plan: Plan;
  let json: boolean;
  try {
    const { values } = parseArgs({
      options: {
        ...options,
        seed: { type: "string", default: String(Math.floor(Math.random() * 1e6)) },
        json: { type: "boolean", default: false },
        help: { type: "boolean", default: false },
      },
    });
    const given = values as Record<string, string | boolean>;
    if (given.help) {
      console.log(usage);
      return 0;
    }
    json = given.json === true;
    plan = planOf({
      whole: (flag, most) => wholeOf(flag, String(given[flag]), most),
      has: (flag) => given[flag] === true,
    });
  } catch (error) {
    console.error(`${(error as Error).message}\n\n${usage}`);
    return 2;
  }
  try {
    await build();
    return await run(plan, json) ? 0 : 3;
  } catch (error) {
    console.error(`error: ${(error as Error).message}`);
    return 1;
  }
}

function wholeOf(flag: string, text: string, most: number): number {
  if (/^\d{1,6}$/.test(text) && Number(text) <= most) return Number(text);
  throw new TypeError(`Cannot use --${flag} ${text}: give a whole number up to ${most}`);
}
