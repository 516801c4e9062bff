// `npm run lab`: connects a real browser to a real host through many kinds of networks, and tells by which
// way, how soon, and what holds when the network changes.
import process from "node:process";
import { parseArgs } from "node:util";
import { chosen, runCommand } from "../bench/command.ts";
import { canMakeNetworks } from "../testing/networks.ts";
import { CASES, type LabCase } from "./cases.ts";
import { type LabOptions, type LabResult, runCase } from "./lab.ts";

const USAGE = `Usage: npm run lab -- [flags]

A page and a host are in networks of their own, with the stand-in for AWS between them, 20 ms away from
each. It takes Linux and root; the missing programs are installed on Debian.

  --only NAME,…      only these cases
  --browser NAME     chromium or firefox (default: chromium)
  --turn             page and host have a TURN server, by UDP and TCP
  --list             print the cases
  --json             print a line of JSON for each case
  --help             print this

It exits with 0 if all cases connected by the best way and lost nothing, 3 if not, 2 for a wrong flag, and 1
if it could not run.`;

interface Plan extends LabOptions {
  cases: readonly LabCase[];
  json: boolean;
  list: boolean;
}

/** The ways, the best first. */
const WAYS: readonly string[] = ["direct", "mapped", "turn", "relayed"];

/** The columns of the table. */
const HEAD: [name: string, width: number][] = [
  ["case", 25],
  ["right", 5],
  ["ms", 6],
  ["way", 17],
  ["download", 30],
  ["then", 8],
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
          list: { type: "boolean", default: false },
          json: { type: "boolean", default: false },
          help: { type: "boolean", default: false },
        },
      });
      if (values.help) return undefined;
      const { only, turn, json, list, browser } = values;
      if (browser !== "chromium" && browser !== "firefox") {
        throw new TypeError(`--browser is neither chromium nor firefox: ${browser}`);
      }
      return { cases: chosen(CASES, only, "case"), browser, turn, json, list };
    },
    run: ({ cases, json, list, ...options }) =>
      list ? printCases(cases) : run(cases, json, options),
  }),
);

function printCases(cases: readonly LabCase[]): Promise<boolean> {
  for (const { name, about } of cases) console.log(`${name.padEnd(25)} ${about}`);
  return Promise.resolve(true);
}

async function run(
  cases: readonly LabCase[],
  json: boolean,
  options: LabOptions,
): Promise<boolean> {
  if (!canMakeNetworks()) throw new Error("the lab takes Linux and root, with network namespaces");
  if (!json) console.log(HEAD.map(([name, width]) => name.padEnd(width)).join(" "));
  let isFine = true;
  for (const labCase of cases) {
    const result = await runCase(labCase, options);
    const isRight = isAsGood(result, labCase, options);
    isFine &&= isRight;
    console.log(json ? JSON.stringify({ ...result, isRight }) : formatRow(result, isRight));
  }
  return isFine;
}

/** Whether a case came out as it should: by its best way at the end, with all bytes. */
function isAsGood(
  { isConnected, last, download, recovery }: LabResult,
  { best, then }: LabCase,
  { turn }: { turn: boolean },
): boolean {
  const better = then === "lift" ? "direct" : best;
  const wanted = turn && best === "relayed" ? "turn" : better;
  const isWay = last !== "none" && WAYS.indexOf(last) <= WAYS.indexOf(wanted);
  const hasAll = download ? download.isExact : recovery !== undefined;
  return isConnected && isWay && hasAll;
}

function formatRow(result: LabResult, isRight: boolean): string {
  const { name, isConnected, ms, way, last, download, recovery, reason, error } = result;
  const got = download &&
    (download.isExact
      ? `${download.bytes / 2 ** 20} MiB in ${download.ms} ms`
      : `WRONG after ${download.bytes} B ${download.error ?? ""}`);
  const cells = [
    name,
    isRight ? "yes" : "NO",
    isConnected ? String(ms) : "-",
    way === last ? way : `${way} → ${last}`,
    got ?? "-",
    recovery === undefined ? "-" : `${recovery} ms`,
  ];
  const row = cells.map((cell, at) => cell.padEnd(HEAD[at]![1])).join(" ");
  const why = error ?? reason;
  return why ? `${row} ${why}` : row;
}
