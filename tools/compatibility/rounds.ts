// Opens the pages from which the driver visits the apps: through one bridge, with a service for each app,
// or without a tunnel.
import type { Browser } from "puppeteer-core";
import { openConnected } from "../e2e/browser.ts";
import { calm } from "../e2e/web_page.ts";
import type { Bridge } from "../local/bridge.ts";
import { pairingLink } from "../testing/program.ts";
import type { App } from "./app.ts";
import { type Cell, CELLS, type Check } from "./cells.ts";
import type { RunningApp } from "./running_app.ts";
import { Visit } from "./visit.ts";

/**
 * Starts a host with a service for each app, opens the site, and pairs it.
 *
 * @param bridge One that is not public.
 * @returns A visit to each.
 */
export async function visitThroughTunnel(
  running: RunningApp[],
  bridge: Bridge,
  browser: Browser,
): Promise<Visit[]> {
  const services = running.flatMap(({ app, url }) => [
    "--service",
    `/${app.id}=${url}${app.isProxied ? " as=proxy" : ""}`,
  ]);
  await bridge.startHost(services).until("online");
  const link = await pairingLink(bridge.state, `${bridge.page.url}web.html`);
  const { page } = await openConnected(browser, link);
  await calm(page);
  // One tab for all: browsers hold up what happens in hidden ones.
  const tab = await browser.newPage();
  return running.map(({ app, url }) =>
    new Visit({
      own: url,
      isProxied: app.isProxied ?? false,
      page,
      tab,
      base: `${bridge.page.url}local/${app.id}/`,
      path: `/${app.id}/`,
    })
  );
}

/** Visits the app itself, to see whether it does what it should. */
export async function visitDirectly({ url }: RunningApp, browser: Browser): Promise<Visit> {
  // Apps on different ports share cookies.
  const context = await browser.createBrowserContext();
  const page = await context.newPage();
  await page.goto(url);
  return new Visit({
    own: url,
    isProxied: false,
    page,
    tab: await context.newPage(),
    base: url,
    path: new URL(url).pathname,
  });
}

/** The check of a cell; undefined where the framework has nothing of the kind. */
export function checkOf(app: App, cell: Cell): Check | undefined {
  return app.without?.includes(cell) ? undefined : app.checks?.[cell] ?? CELLS[cell];
}
