// `npm run attack`: attacks a host in many ways, and tells what it costs the host and another device.
import process from "node:process";
import { parseArgs } from "node:util";
import { chosen, commonFlags, parseWhole, runCommand } from "../bench/command.ts";
import type { Result } from "./attack.ts";
import { ATTACKS } from "./attacks/mod.ts";
import { formatHead, formatResult } from "./report.ts";
import { runAttack } from "./run.ts";

const USAGE = `Usage: npm run attack -- [flags]

A hostile guest attacks a host over real WebRTC, in one way after the other. Meanwhile another device
makes small GETs. Needs Linux.

  --only NAMES  attacks to run, with commas between: ${ATTACKS[0]!.name}, … (default: all)
  --list        print the attacks
  --seconds N   duration of each (default: 6)
  --json        print the results as JSON, one a line
  --help        print this

It exits with 0 if all goals were met, 2 for a wrong flag, and 1 if a goal was missed, or it could not
run.`;

interface AttackPlan {
  attacks: typeof ATTACKS;
  isList: boolean;
  duration: number;
  json: boolean;
}

process.exit(
  await runCommand<AttackPlan>({
    usage: USAGE,
    parse(args) {
      const { values } = parseArgs({
        args,
        options: {
          ...commonFlags(),
          only: { type: "string" },
          list: { type: "boolean", default: false },
          seconds: { type: "string", default: "6" },
        },
      });
      if (values.help) return undefined;
      return {
        attacks: chosen(ATTACKS, values.only, "attack"),
        isList: values.list,
        duration: parseWhole("--seconds", values.seconds, 1, 3600) * 1000,
        json: values.json,
      };
    },
    async run({ attacks, isList, duration, json }) {
      if (isList) {
        for (const { name, what } of attacks) console.log(`${name.padEnd(20)} ${what}`);
        return true;
      }
      const missed: Result[] = [];
      if (!json) console.log(formatHead());
      for (const attack of attacks) {
        const result = await runAttack(attack, duration);
        console.log(json ? JSON.stringify(result) : formatResult(result));
        if (result.missed.length > 0) missed.push(result);
      }
      if (missed.length === 0) return true;
      throw new Error(`${missed.length} of ${attacks.length} attacks missed a goal`);
    },
  }),
);
