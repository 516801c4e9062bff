// `npm run fuzz`: gives each part that takes what others send random and mutated inputs.
import process from "node:process";
import { parseArgs } from "node:util";
import { chosen, commonFlags, parseWhole, runCommand } from "../bench/command.ts";
import { runTarget, type Target } from "./target.ts";
import { TARGETS } from "./targets/mod.ts";

const USAGE = `Usage: npm run fuzz -- [flags]

Gives each target random and mutated inputs, and looks whether what must hold for all of them does.

  --only NAMES  targets, with commas between (default: all)
  --list        print the targets and what must hold
  --seconds N   duration of each (default: 20)
  --seed N      seed of the first input (default: random); each further input has the next one
  --json        print the results as JSON, one a line
  --help        print this

It exits with 0 if all held, 3 if not, with the seed that repeats the failure, 2 for a wrong flag, and
1 if it could not run.`;

interface FuzzPlan {
  targets: readonly Target[];
  isList: boolean;
  duration: number;
  seed: number;
  json: boolean;
}

process.exit(
  await runCommand<FuzzPlan>({
    usage: USAGE,
    parse(args) {
      const { values } = parseArgs({
        args,
        options: {
          ...commonFlags(),
          only: { type: "string" },
          list: { type: "boolean", default: false },
          seconds: { type: "string", default: "20" },
        },
      });
      if (values.help) return undefined;
      return {
        targets: chosen(TARGETS, values.only, "target"),
        isList: values.list,
        duration: parseWhole("--seconds", values.seconds, 0, 86_400) * 1000,
        seed: parseSeed(values.seed),
        json: values.json,
      };
    },
    async run({ targets, isList, duration, seed, json }) {
      if (isList) {
        for (const { name, invariant } of targets) console.log(`${name.padEnd(20)} ${invariant}`);
        return true;
      }
      let held = true;
      for (const { name, ...target } of targets) {
        const { inputs, failure } = await runTarget({ name, ...target }, { seed, duration });
        held &&= !failure;
        const error = failure?.error.stack ?? failure?.error;
        if (json) console.log(JSON.stringify({ name, inputs, seed: failure?.seed, error }));
        else if (failure) {
          console.log(`✗ ${name}: fails, npm run fuzz -- --only ${name} --seed ${failure.seed}`);
          console.log(`  ${target.invariant}\n  ${error}`);
        } else console.log(`✓ ${name}: ${inputs.toLocaleString("en")} inputs from seed ${seed}`);
      }
      return held;
    },
  }),
);

/** Seeds of single inputs have up to ten digits. */
function parseSeed(text: string): number {
  if (/^\d{1,10}$/.test(text) && Number(text) < 2 ** 32) return Number(text);
  throw new TypeError(`Cannot use --seed ${text}: give a whole number below 2^32`);
}
