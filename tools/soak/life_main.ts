// `npm run soak:life`: a host's life in twenty minutes, and whether it takes more and more.
import { mkdir, writeFile } from "node:fs/promises";
import process from "node:process";
import { runCommand } from "./command.ts";
import { runLife } from "./life.ts";
import { plotLife } from "./life_plot.ts";
import { formatLife, type Growth, growthOf, isFlat } from "./life_report.ts";
import type { Life, LifePlan } from "./life_result.ts";

const FOLDER = "docs/bench";

/** A whole run, in seconds: what is shorter is written down nowhere. */
const FULL = 1200;

/** The host keeps the session of a page that is lost for two minutes. */
const REST_MS = 150_000;

const USAGE = `Usage: npm run soak:life -- [flags]

Pages in Chromium come and go for twenty minutes and check all that they get, while at random the host's
connection to the relay is cut, the gateway and the backend are restarted, AWS's control plane is out of
order, the machine sleeps, and somebody sends nonsense. What the host's process takes is drawn. Needs
Linux.

  --seconds N  how long (default: ${FULL}); then the host is left alone for ${REST_MS / 1000} s
  --pages N    open at any time (default: 4)
  --seed N     of what happens (default: any)
  --json       print the result as JSON
  --help       print this

A full run writes ${FOLDER}/life.json and life.svg. It exits with 0 when all was right and the host takes
no more than before, 3 when not, 2 when a flag is wrong, and 1 when it could not run.`;

process.exit(
  await runCommand<LifePlan>({
    usage: USAGE,
    options: {
      seconds: { type: "string", default: String(FULL) },
      pages: { type: "string", default: "4" },
    },
    planOf: ({ whole }) => ({
      duration: whole("seconds", 86_400) * 1000,
      pages: whole("pages", 32),
      rest: REST_MS,
      seed: whole("seed", 999_999),
    }),
    async run(plan, json) {
      if (process.platform !== "linux") {
        throw new Error("Cannot tell what the host takes: that needs Linux");
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
