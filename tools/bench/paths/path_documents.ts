// Writes the results of `--path` into docs/bench.
import { spawnSync } from "node:child_process";
import { readFile, writeFile } from "node:fs/promises";
import type { BrowserName } from "../../browser.ts";
import { tell } from "../command.ts";
import { formatResults } from "../results.ts";
import { formatPathsTable } from "./path_report.ts";
import { PATHS } from "./paths.ts";
import type { PathResults } from "./results.ts";

const DOCUMENT = "docs/bench/paths.md";

/** Writes the results beside those of other paths, and the table of all into the document. */
export async function writePaths(results: PathResults, browser: BrowserName): Promise<void> {
  const file = `docs/bench/paths-${browser}.json`;
  const all = withEarlier(results, JSON.parse(await readFile(file, "utf8").catch(() => "{}")));
  await writeFile(file, formatResults(all));
  await writeFile(DOCUMENT, withTable(await readFile(DOCUMENT, "utf8"), all, browser));
  spawnSync("deno", ["fmt", "--quiet", DOCUMENT]);
  tell(`${file} and ${DOCUMENT} are written`);
}

/** The results, with those of earlier runs over other paths. */
export function withEarlier(results: PathResults, earlier: Partial<PathResults>): PathResults {
  const paths: PathResults["paths"] = {};
  for (const name of PATHS) {
    const result = results.paths[name] ?? earlier.paths?.[name];
    if (result) paths[name] = result;
  }
  return { ...results, paths };
}

/** The document with the browser's table. @throws {Error} If its two comments are missing. */
export function withTable(page: string, results: PathResults, browser: BrowserName): string {
  const place = new RegExp(`(<!-- ${browser}:[^>]*-->\\n).*(<!-- /${browser} -->)`, "s");
  if (!place.test(page)) throw new Error(`Cannot find the place of ${browser} in ${DOCUMENT}`);
  const { machine: { cpu, cores, system, versions }, paths } = results;
  const runs = new Set(PATHS.flatMap((name) => {
    const { date, commit, rounds } = paths[name] ?? {};
    if (!date) return [];
    const count = rounds === 1 ? "1 round" : `${rounds} rounds`;
    return [`${count} on ${date.slice(0, 10)} at commit ${commit ?? "unknown"}`];
  }));
  const machine = `${versions[browser]} on ${cpu}, ${cores} cores, ${system}`;
  const text = `${formatPathsTable(results, browser)}\n\n${machine}; ${[...runs].join(", ")}.`;
  return page.replace(place, (_, begin, end) => `${begin}\n${text}\n\n${end}`);
}
