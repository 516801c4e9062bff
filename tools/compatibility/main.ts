// `npm run compatibility`: visits the apps through the tunnel, and writes docs/compatibility.md.
//
//     npm run compatibility                        both tables
//     npm run compatibility -- --table apps        only the table of real apps; the other is frameworks
//     npm run compatibility -- --direct            visits the apps themselves, and writes nothing
//     npm run compatibility -- --only django       only apps whose names have the word; writes nothing
//     npm run compatibility -- --browser firefox   real apps in one browser; writes nothing
//     npm run compatibility -- --way project       real apps by one way of ways.ts; writes nothing
import { execFileSync } from "node:child_process";
import { readFile, writeFile } from "node:fs/promises";
import process from "node:process";
import { parseArgs } from "node:util";
import { build } from "../build.ts";
import { launchBrowser } from "../e2e/browser.ts";
import { startBridge } from "../local/bridge.ts";
import { type Cell, CELLS, type Check } from "./cells.ts";
import { LONG_LIST } from "./long_list.ts";
import { REAL_APPS } from "./real_apps/mod.ts";
import { formatRealApps } from "./real_report.ts";
import { visitRealApps } from "./real_rows.ts";
import { formatFrameworks, type Row } from "./report.ts";
import { checkOf, visitDirectly, visitThroughTunnel } from "./rounds.ts";
import { startApp } from "./running_app.ts";
import { SHORT_LIST } from "./short_list.ts";
import type { Visit } from "./visit.ts";
import { type Way, WAYS } from "./ways.ts";
import type { BrowserName } from "../browser.ts";

const DOCUMENT = "docs/compatibility.md";

const BROWSERS: BrowserName[] = ["chromium", "firefox"];

const { values: { direct, only = "", table, browser: oneBrowser, way } } = parseArgs({
  options: {
    direct: { type: "boolean" },
    only: { type: "string" },
    table: { type: "string" },
    browser: { type: "string" },
    way: { type: "string" },
  },
});
// The apps end with this process.
for (const signal of ["SIGINT", "SIGTERM"]) process.on(signal, () => process.exit(1));

const isWanted = ({ name }: { name: string }) => name.toLowerCase().includes(only.toLowerCase());
const writes = !direct && !only && !oneBrowser && !way;
const date = new Date().toISOString().slice(0, 10);
if (!direct) await build();
if (table !== "apps") await visitFrameworks();
if (table !== "frameworks") await visitApps();

async function visitApps(): Promise<void> {
  const { rows, versions } = await visitRealApps({
    apps: REAL_APPS.filter(isWanted),
    ways: direct ? ["direct"] : way ? [way as Way] : Object.keys(WAYS) as Way[],
    browsers: oneBrowser ? [oneBrowser as BrowserName] : BROWSERS,
  });
  if (writes) await write("apps", formatRealApps(rows, { browsers: versions.map(plain), date }));
}

async function visitFrameworks(): Promise<void> {
  const apps = [...SHORT_LIST, ...LONG_LIST].filter(isWanted);
  await using stack = new AsyncDisposableStack();
  const running = await Promise.all(apps.map(async (app) => stack.use(await startApp(app))));
  const browser = await launchBrowser();
  stack.defer(() => browser.close());
  const visits = direct
    ? await Promise.all(running.map((app) => visitDirectly(app, browser)))
    : await visitThroughTunnel(
      running,
      stack.use(await startBridge({ isPublic: false, propagation: 200 })),
      browser,
    );
  const rows: Row[] = [];
  for (const [at, each] of running.entries()) {
    console.log(`${each.app.name} (${each.versions})`);
    const cells = {} as Row["cells"];
    for (const cell of Object.keys(CELLS) as Cell[]) {
      const check = checkOf(each.app, cell);
      cells[cell] = check ? await outcomeOf(check, visits[at]!) : "–";
      console.log(`  ${cell}: ${cells[cell]}`);
    }
    rows.push({ running: each, cells });
  }
  if (!writes) return;
  const version = plain(await browser.version());
  await write("frameworks", formatFrameworks(rows, { browser: version, date }));
}

/** Replaces one table's part of the document, between its marks. */
async function write(part: string, text: string): Promise<void> {
  const [start, end] = [`<!-- ${part} -->`, `<!-- /${part} -->`];
  const document = await readFile(DOCUMENT, "utf8");
  const [before, rest] = document.split(start);
  if (rest === undefined) throw new Error(`Cannot find ${start} in ${DOCUMENT}`);
  await writeFile(DOCUMENT, `${before}${start}\n\n${text}\n${end}${rest.split(end)[1]}`);
  execFileSync("deno", ["fmt", "--quiet", DOCUMENT]);
  console.log(`Written: ${DOCUMENT}`);
}

/** `Chromium 156.0.8078.108` of a browser's own name and version. */
function plain(version: string): string {
  return version.replace(/^.*(firefox).*?\//i, "Firefox ").replace(/^.*chrome.*\//i, "Chromium ");
}

/** Makes a check. @returns `works`, or what failed. */
async function outcomeOf(check: Check, visit: Visit): Promise<string> {
  try {
    await check(visit);
    return "works";
  } catch (error) {
    return (error as Error).message.split("\n")[0]!;
  }
}
