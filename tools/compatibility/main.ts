// `npm run compatibility`: visits the apps through the tunnel, and writes docs/compatibility.md.
//
//     npm run compatibility                       the whole table
//     npm run compatibility -- --direct           visits the apps themselves, and writes nothing
//     npm run compatibility -- --only django      only apps whose names have the word; writes nothing
import process from "node:process";
import { parseArgs } from "node:util";
import { launchBrowser } from "../e2e/browser.ts";
import { startBridge } from "../local/bridge.ts";
import { build } from "../build.ts";
import { LONG_LIST, SHORT_LIST } from "./apps.ts";
import { type Cell, CELLS } from "./cells.ts";
import { check, visitDirectly, visitThroughTunnel } from "./rounds.ts";
import { startApp } from "./running_app.ts";

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
const bridge = direct ? undefined : stack.use(await startBridge({ isPublic: false, propagation: 200 }));
const visits = bridge
  ? await visitThroughTunnel(running, bridge, browser)
  : await Promise.all(running.map((app) => visitDirectly(app, browser)));

for (const [at, app] of running.entries()) {
  console.log(`${app.app.name} (${app.versions})`);
  for (const cell of Object.keys(CELLS) as Cell[]) {
    console.log(`  ${cell}: ${await check(app, cell, visits[at]!)}`);
  }
}
