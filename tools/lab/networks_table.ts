// The table of docs/networks.md: what the lab measures in both browsers, without and with a TURN server.
import { readFile, writeFile } from "node:fs/promises";
import { fileURLToPath } from "node:url";
import type { LabCase } from "./cases.ts";
import type { LabDial, LabOptions, LabResult } from "./lab.ts";

/** One run of the cases: how, and what came of them. */
export interface LabRun extends LabOptions {
  results: readonly LabResult[];
}

const DOCUMENT = fileURLToPath(new URL("../../docs/networks.md", import.meta.url));
const BEGIN = "<!-- lab: npm run lab -- --docs writes this table -->";
const END = "<!-- /lab -->";

/** Writes the table of these runs into docs/networks.md. @throws {Error} If it has no place for it. */
export async function writeTable(cases: readonly LabCase[], runs: readonly LabRun[]) {
  const text = await readFile(DOCUMENT, "utf8");
  const [begin, end] = [text.indexOf(BEGIN), text.indexOf(END)];
  if (begin < 0 || end < begin) throw new Error(`Cannot find ${BEGIN} in ${DOCUMENT}`);
  const table = formatTable(cases, runs);
  await writeFile(
    DOCUMENT,
    `${text.slice(0, begin)}${BEGIN}\n\n${table}\n\n${text.slice(end)}`,
  );
}

/** A row for each case, with the way and the times of each run. */
export function formatTable(cases: readonly LabCase[], runs: readonly LabRun[]): string {
  const head = ["Case", "What it is", ...runs.map(titleOf)];
  const rows = cases.map((labCase) => [
    `\`${labCase.name}\``,
    labCase.about,
    ...runs.map(({ results }) => formatCell(results.find(({ name }) => name === labCase.name))),
  ]);
  return [head, head.map(() => "---"), ...rows].map((row) => `| ${row.join(" | ")} |`).join("\n");
}

function titleOf({ browser, turn }: LabOptions): string {
  return `${browser[0]!.toUpperCase()}${browser.slice(1)}${turn ? ", TURN" : ""}`;
}

/** The way at the connect and at the end, and the milliseconds of a new and of a known device. */
function formatCell(result: LabResult | undefined): string {
  if (!result?.known || !result.first) return "-";
  const { first, known, last } = result;
  const way = wayOf(known);
  return `${way === last ? way : `${way} → ${last}`}: ${first.ms}, ${known.ms}`;
}

function wayOf({ way, moved }: LabDial): string {
  return moved?.way ?? way;
}
