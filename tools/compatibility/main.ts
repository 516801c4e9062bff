// `npm run compatibility`: visits the apps through the tunnel, and writes docs/compatibility.md.
//
//     npm run compatibility                       the whole table
//     npm run compatibility -- --direct           visits the apps themselves, and writes nothing
//     npm run compatibility -- --only django      only apps whose names have the word; writes nothing
import { execFileSync } from "node:child_process";
import { writeFile } from "node:fs/promises";
import process from "node:process";
import { parseArgs } from "node:util";
import { build } from "../build.ts";
import { launchBrowser } from "../e2e/browser.ts";
import { startBridge } from "../local/bridge.ts";
import { type Cell, CELLS, type Check } from "./cells.ts";
import { LONG_LIST } from "./long_list.ts";
import { formatDocument, type Row } from "./report.ts";
import { checkOf, visitDirectly, visitThroughTunnel } from "./rounds.ts";
import { startApp } from "./running_app.ts";
import { SHORT_LIST } from "./short_list.ts";
import type { Visit } from "./visit.ts";

const DOCUMENT = "docs/compatibility.md";

const { values: { direct, only = "" } } = parseArgs({
  options: { direct: { type: "boolean" }, only: { type: "string" } },
});
// The apps end with this process.
for (const signal of ["SIGINT", "SIGTERM"]) process.on(signal, () => process.exit(1));

const apps = [...SHORT_LIST, ...LONG_LIST].filter(({ name }) => name.toLowerCase().includes(only));
await using stack = new AsyncDisposableStack();
const running = await Promise.all(apps.map(async (app) => stack.use(await startApp(app))));
const browser = await launchBrowser();
stack.defer(() => browser.close());
if (!direct) await build();
const bridge = direct
  ? undefined
  : stack.use(await startBridge({ isPublic: false, propagation: 200 }));
const visits = bridge
  ? await visitThroughTunnel(running, bridge, browser)
  : await Promise.all(running.map((app) => visitDirectly(app, browser)));

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
if (bridge && !only) {
  const date = new Date().toISOString().slice(0, 10);
  const version = (await browser.version()).replace(/^.*\//, "Chromium ");
  await writeFile(DOCUMENT, formatDocument(rows, { browser: version, date }));
  execFileSync("deno", ["fmt", "--quiet", DOCUMENT]);
  console.log(`Written: ${DOCUMENT}`);
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
