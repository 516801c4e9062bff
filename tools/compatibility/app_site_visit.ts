// Shows a real app in app mode: a host with the app as its backend, and a site in front of it.
import type { Browser } from "puppeteer-core";
import { type AppSite, type AppSiteOptions, startAppSite } from "../e2e/app_site.ts";
import { AppTab } from "./app_tab.ts";
import type { RealApp } from "./real_apps/real_app.ts";
import { startApp } from "./running_app.ts";

/** An app that is shown by a site. */
export interface ShownApp extends AsyncDisposable {
  tab: AppTab;
  site: AppSite;
  versions: string;
}

/**
 * Starts an app, its host and its site, and opens the app's first page.
 *
 * @param options Those of the site, such as `path`.
 */
export async function showApp(
  app: RealApp,
  browser: Browser,
  options: AppSiteOptions = {},
): Promise<ShownApp> {
  await using stack = new AsyncDisposableStack();
  const running = stack.use(await startApp(app));
  const site = stack.use(
    await startAppSite({ name: app.name, ...options, backend: running.url.slice(0, -1) }),
  );
  await site.bridge.startHost().until("online");
  const context = await browser.createBrowserContext();
  stack.defer(() => context.close());
  const page = await context.newPage();
  await page.setViewport({ width: 1200, height: 800 });
  const tab = new AppTab({ page, base: site.url, isFramed: true });
  await tab.open(app.first ?? "");
  const parts = stack.move();
  return {
    tab,
    site,
    versions: running.versions,
    [Symbol.asyncDispose]: () => parts.disposeAsync(),
  };
}
