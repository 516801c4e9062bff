// Real apps with their own pages, unchanged, on a site in app mode, each as a person uses it first:
// Node-RED, Vite, Next, JupyterLab, Streamlit and Django's admin.
import type { Browser } from "puppeteer-core";
import * as assert from "uvu/assert";
import { showApp, type ShownApp } from "../compatibility/app_site_visit.ts";
import { SIX_APPS } from "../compatibility/real_apps/mod.ts";
import { suite } from "../testing/suite.ts";
import { launchBrowser } from "./browser.ts";

const test = suite("real apps", { deadline: 120_000 });

/** What a site's own files may be asked for. */
const OWN = /^\/($|\?|index\.html|404\.html|sw\.js|manifest\.webmanifest|lighthouse\/)/;

let browser: Browser;
let shown: ShownApp;

test.before(async () => {
  browser = await launchBrowser();
});
test.after(() => browser.close());

for (const app of SIX_APPS) {
  test(`${app.name}: starts, and is shown`, async () => {
    shown = await showApp(app, browser);
    await shown.tab.frame();
  });

  for (const [name, step] of Object.entries(app.steps)) {
    test(`${app.name}: ${name}`, () => step(shown.tab));
  }

  test(`${app.name}: the static host was asked for nothing of the app's`, async () => {
    const { asked } = shown.site;
    await shown[Symbol.asyncDispose]();
    const first = `/${app.first ?? ""}`;
    assert.equal(asked.filter(({ path }) => !OWN.test(path) && path !== first), []);
  });
}

test.run();
