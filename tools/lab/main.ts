// `npm run lab`: connects a real browser to a real host through many kinds of networks, and tells by which
// way, how soon, and what holds when the network changes.
import process from "node:process";
import { parseArgs } from "node:util";
import { chosen, runCommand } from "../bench/command.ts";
import { canMakeNetworks } from "../testing/networks.ts";
import { CASES, type LabCase } from "./cases.ts";
import { faultsOf } from "./judge.ts";
import { type LabRun, writeTable } from "./networks_table.ts";
import { type LabDial, type LabOptions, type LabResult, runCase } from "./lab.ts";

const USAGE = `Usage: npm run lab -- [flags]

A page and a host are in networks of their own, with the stand-in for AWS between them, 20 ms away from
each. The page pairs and connects, then it is opened anew and connects as a known device. It takes Linux
and root; the missing programs are installed on Debian.

  --only NAME,…      only these cases
  --browser NAME     chromium or firefox (default: chromium)
  --turn             the host has a TURN server, by UDP, TCP and TLS, and gives it to the page
  --docs             all cases in both browsers, without and with TURN, for the table in docs/networks.md
  --list             print the cases
  --json             print a line of JSON for each case, and one with the counts
  --help             print this

It exits with 0 if all cases connected by the best way within 3 s and lost nothing, 1 if not, or if it could
not run, and 2 for a wrong flag.`;

interface Plan {
  cases: readonly LabCase[];
  /** In which browsers, and whether with TURN. */
  runs: LabOptions[];
  docs: boolean;
  json: boolean;
  list: boolean;
}

/** The runs for the documents. */
const ALL: LabOptions[] = (["chromium", "firefox"] as const).flatMap((browser) =>
  [false, true].map((turn) => ({ browser, turn }))
);

/** The columns of the table. */
const HEAD: [name: string, width: number][] = [
  ["case", 25],
  ["right", 5],
  ["new device", 22],
  ["known device", 22],
  ["at the end", 10],
  ["download", 20],
  ["longest wait", 12],
];

process.exit(
  await runCommand<Plan>({
    usage: USAGE,
    parse(args) {
      const { values } = parseArgs({
        args,
        options: {
          only: { type: "string" },
          browser: { type: "string", default: "chromium" },
          turn: { type: "boolean", default: false },
          docs: { type: "boolean", default: false },
          list: { type: "boolean", default: false },
          json: { type: "boolean", default: false },
          help: { type: "boolean", default: false },
        },
      });
      if (values.help) return undefined;
      const { only, turn, docs, json, list, browser } = values;
      if (browser !== "chromium" && browser !== "firefox") {
        throw new TypeError(`--browser is neither chromium nor firefox: ${browser}`);
      }
      if (docs && only) throw new TypeError("--docs runs all cases: it does not go with --only");
      const cases = chosen(CASES, only, "case");
      return { cases, runs: docs ? ALL : [{ browser, turn }], docs, json, list };
    },
    run: (plan) => plan.list ? printCases(plan.cases) : run(plan),
  }),
);

function printCases(cases: readonly LabCase[]): Promise<boolean> {
  for (const { name, about } of cases) console.log(`${name.padEnd(25)} ${about}`);
  return Promise.resolve(true);
}

/** @throws {Error} If a case failed, with the names of those that did. */
async function run({ cases, runs, docs, json }: Plan): Promise<boolean> {
  if (!canMakeNetworks()) throw new Error("the lab takes Linux and root, with network namespaces");
  const wrong: string[] = [];
  const done: LabRun[] = [];
  for (const options of runs) {
    if (!json) console.log(formatCells(HEAD.map(([name]) => name)));
    const results: LabResult[] = [];
    for (const labCase of cases) {
      const result = await runCase(labCase, options);
      const faults = faultsOf(result, labCase, options);
      if (faults.length > 0) wrong.push(labCase.name);
      console.log(json ? formatJson(options, result, faults) : formatRow(result, faults));
      results.push(result);
    }
    done.push({ ...options, results });
  }
  const failed = wrong.length;
  const passed = runs.length * cases.length - failed;
  console.log(json ? JSON.stringify({ passed, failed }) : `${passed} passed, ${failed} failed`);
  if (docs) await writeTable(cases, done);
  if (failed > 0) throw new Error(`wrong: ${wrong.join(", ")}`);
  return true;
}

function formatJson(options: LabOptions, result: LabResult, faults: string[]): string {
  return JSON.stringify({ ...options, ...result, isRight: faults.length === 0, faults });
}

function formatRow(result: LabResult, faults: string[]): string {
  const { name, first, known, last, download, recovery } = result;
  const waits = [download?.gap, recovery].filter((ms) => ms !== undefined);
  const cells = [
    name,
    faults.length === 0 ? "yes" : "NO",
    formatDial(first),
    formatDial(known),
    last,
    download ? `${download.bytes / 2 ** 20} MiB in ${download.ms} ms` : "-",
    waits.length > 0 ? `${Math.max(...waits)} ms` : "-",
  ];
  return [formatCells(cells), ...faults].join(" | ");
}

function formatCells(cells: readonly string[]): string {
  return cells.map((cell, at) => cell.padEnd(HEAD[at]![1])).join(" ").trimEnd();
}

function formatDial(dial: LabDial | undefined): string {
  if (!dial) return "-";
  const { ms, way, moved } = dial;
  return [`${ms} ms ${way}`, ...moved ? [`${moved.way} ${moved.ms}`] : []].join(" → ");
}
