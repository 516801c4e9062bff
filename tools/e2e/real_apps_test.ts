// Real apps with their own pages, unchanged, on a site in app mode, each as a person uses it first:
// Node-RED, Vite, Next, JupyterLab, Streamlit and Django's admin.
import type { Browser } from "puppeteer-core";
import * as assert from "uvu/assert";
import { SIX_APPS } from "../compatibility/real_apps/mod.ts";
import { type RunningApp, startApp } from "../compatibility/running_app.ts";
import { SHOW, type Shown } from "../compatibility/ways.ts";
import { suite } from "../testing/suite.ts";
import { launchBrowser } from "./browser.ts";

const test = suite("real apps", { deadline: 60_000 });

const stack = new AsyncDisposableStack();
let browser: Browser;
let running: RunningApp[];
let shown: Shown;

test.before(async () => {
  // The apps start while others are tried.
  running = await Promise.all(SIX_APPS.map(async (app) => stack.use(await startApp(app))));
  browser = await launchBrowser();
  stack.defer(() => browser.close());
});
test.after(() => stack.disposeAsync());

for (const [at, app] of SIX_APPS.entries()) {
  test(`${app.name}: is shown`, async () => {
    shown = await SHOW.site({ app, url: running[at]!.url }, browser);
    await shown.tab.open(app.first ?? "");
    await shown.tab.frame();
  });

  for (const [name, step] of Object.entries(app.steps)) {
    test(`${app.name}: ${name}`, () => step(shown.tab));
  }

  test(`${app.name}: the static host was asked for its own files only`, async () => {
    const leaks = shown.leaks();
    await shown[Symbol.asyncDispose]();
    assert.equal(leaks, []);
  });
}

test.run();
