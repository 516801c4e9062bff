// `npm run soak:life`: runs a host's life in twenty minutes, and tells whether its resources grow.
import { mkdir, writeFile } from "node:fs/promises";
import process from "node:process";
import { parseArgs } from "node:util";
import { commonFlags, parseWhole, runCommand } from "../bench/command.ts";
import { runLife } from "./life.ts";
import { plotLife } from "./life_plot.ts";
import { formatLife, type Growth, growthOf, isFlat } from "./life_report.ts";
import type { Life, LifePlan } from "./life_result.ts";

const FOLDER = "docs/bench";

/** A whole run, in seconds. Shorter runs are not written to files. */
const FULL = 1200;

/** Rest in milliseconds: the host keeps a lost page's session for two minutes. */
const REST_MS = 150_000;

const USAGE = `Usage: npm run soak:life -- [flags]

Pages in Chromium come and go for twenty minutes and check all answers. Random faults cut the host's
connection to the relay, restart the gateway and the backend, stop AWS's control plane, let the machine
sleep, and send garbage. A picture shows the resources of the host's process. Needs Linux.

  --seconds N  duration (default: ${FULL}); then the host rests for ${REST_MS / 1000} s
  --pages N    pages open at any time (default: 4)
  --seed N     seed of the run (default: random)
  --json       print the result as JSON
  --help       print this

A full run writes ${FOLDER}/life.json and life.svg. It exits with 0 if all was right and the host's
resources did not grow, 3 if not, 2 for a wrong flag, and 1 if it could not run.`;

process.exit(
  await runCommand<LifePlan & { json: boolean }>({
    usage: USAGE,
    parse(args) {
      const { values } = parseArgs({
        args,
        options: {
          ...commonFlags(),
          seconds: { type: "string", default: String(FULL) },
          pages: { type: "string", default: "4" },
        },
      });
      if (values.help) return undefined;
      return {
        duration: parseWhole("--seconds", values.seconds, 0, 86_400) * 1000,
        pages: parseWhole("--pages", values.pages, 0, 32),
        rest: REST_MS,
        seed: parseWhole("--seed", values.seed, 0, 999_999),
        json: values.json,
      };
    },
    async run({ json, ...plan }) {
      if (process.platform !== "linux") {
        throw new Error("Cannot read the host's resources: that needs Linux");
      }
      const life = await runLife(plan);
      const growth = growthOf(plan, life);
      const text = formatLife(plan, life, growth);
      console.log(json ? JSON.stringify({ plan, growth, ...life }) : text);
      if (plan.duration >= FULL * 1000) await write(plan, life, growth, text);
      return life.wrong.length === 0 && isFlat(growth);
    },
  }),
);

async function write(plan: LifePlan, life: Life, growth: Growth, text: string): Promise<void> {
  await mkdir(FOLDER, { recursive: true });
  await writeFile(
    `${FOLDER}/life.json`,
    JSON.stringify({ plan, growth, ...life, samples: undefined }, null, 2) + "\n",
  );
  await writeFile(`${FOLDER}/life.svg`, plotLife(life, text.replaceAll("\n", ". ")));
  console.error(`· ${FOLDER}/life.json and life.svg are written`);
}
