// The ways to a real app: itself, a site in app mode, a project site in app mode, and local/ of a site.
import process from "node:process";
import type { Browser, BrowserContext, Page } from "puppeteer-core";
import { startAppSite } from "../e2e/app_site.ts";
import { openWeb } from "../e2e/web_page.ts";
import { startBridge } from "../local/bridge.ts";
import { AppTab } from "./app_tab.ts";
import { newContext } from "./downloads.ts";
import type { RealApp } from "./real_apps/real_app.ts";
import { startApp } from "./running_app.ts";

/** How the browser reaches the app. */
export type Way = "direct" | "site" | "project" | "local";

/** The ways by their columns in the table. */
export const WAYS: Record<Exclude<Way, "direct">, string> = {
  site: "A site",
  project: "A project site",
  local: "`local/`",
};

/** What came of a visit. */
export interface Outcome {
  versions: string;
  /** Steps that did not work, with the reasons. */
  failures: string[];
}

/** A tab, and what the static host was asked besides the site's own files. */
export interface Shown extends AsyncDisposable {
  tab: AppTab;
  leaks(): string[];
}

/** A site that is no address of this machine to the app, while browsers find it here. */
const HOSTNAME = "me.localhost";

/** The static host may be asked for these. */
const OWN =
  /^($|\?|index\.html|404\.html|sw\.js|manifest\.webmanifest|favicon\.ico|icon|lighthouse\/)/;

/** Tries no further steps after so many have failed: each waits for long. */
const ENOUGH = 2;

/** Starts an app anew, and takes its steps. */
export async function visitBy(way: Way, app: RealApp, browser: Browser): Promise<Outcome> {
  await using running = await startApp(app);
  const failures: string[] = [];
  await using stack = new AsyncDisposableStack();
  try {
    const { tab, leaks } = stack.use(await SHOW[way]({ app, url: running.url }, browser));
    await tab.open(app.first ?? "").catch((error) => {
      // Without a tunnel, Chromium has no page for an app that asks for a password.
      if (way !== "direct") throw error;
    });
    for (const [name, step] of Object.entries(app.steps)) {
      await step(tab).catch((error) => failures.push(`${name}: ${firstLine(error)}`));
      if (failures.length < ENOUGH) continue;
      await picture(tab, `${app.id}-${way}`);
      break;
    }
    const leaked = leaks();
    if (leaked.length) failures.push(`The static host was asked for ${leaked.join(", ")}`);
  } catch (error) {
    failures.push(firstLine(error));
  }
  return { versions: running.versions, failures };
}

/** A real app that runs. */
interface Running {
  app: RealApp;
  /** Its root: `http://127.0.0.1:PORT/`. */
  url: string;
}

/** Opens a tab for an app that runs, by each way. It shows nothing yet. */
export const SHOW: Record<Way, (running: Running, browser: Browser) => Promise<Shown>> = {
  async direct({ url }, browser) {
    await using stack = new AsyncDisposableStack();
    const page = await newPage(stack, browser);
    return shown(stack, new AppTab({ page, base: url, isFramed: false }));
  },
  site: (running, browser) => showAt("/", running, browser),
  project: (running, browser) => showAt("/repo/", running, browser),
  async local({ app, url }, browser) {
    await using stack = new AsyncDisposableStack();
    const bridge = stack.use(await startBridge({ propagation: 200 }));
    await bridge.startHost(["--service", `/${app.id}=${url}`, "--public", `/${app.id}`])
      .until("online");
    const context = await newContext(browser);
    stack.defer(() => context.close());
    await openWeb(context, `${bridge.page.url}web.html`);
    const page = await openTab(context);
    const base = `${bridge.page.url}local/${app.id}/`;
    return shown(stack, new AppTab({ page, base, isFramed: false }));
  },
};

/** Shows the app in app mode: at an origin's root as the only service, else as one with a prefix. */
async function showAt(path: string, { app, url }: Running, browser: Browser): Promise<Shown> {
  await using stack = new AsyncDisposableStack();
  const isRoot = path === "/";
  const service = isRoot ? "/" : `/${app.id}`;
  const backend = isRoot ? url.slice(0, -1) : undefined;
  const options = { path, service, name: app.name, hostname: HOSTNAME, backend };
  const site = stack.use(await startAppSite(options));
  const flags = isRoot ? [] : ["--service", `${service}=${url}`, "--public", service];
  await site.bridge.startHost(flags).until("online");
  const page = await newPage(stack, browser);
  return shown(stack, new AppTab({ page, base: site.url, isFramed: true }), () => {
    const first = path + (app.first ?? "");
    return site.asked.filter((asked) =>
      asked.method !== "GET" || asked.path !== first && !isOwn(asked.path, path)
    ).map((asked) => `${asked.method} ${asked.path}`);
  });
}

function isOwn(asked: string, path: string): boolean {
  // Browsers look there for an icon of the origin.
  return asked === "/favicon.ico" || asked.startsWith(path) && OWN.test(asked.slice(path.length));
}

async function newPage(stack: AsyncDisposableStack, browser: Browser) {
  const context = await newContext(browser);
  stack.defer(() => context.close());
  const page = await openTab(context);
  await page.setViewport({ width: 1200, height: 800 });
  return page;
}

/** Firefox opens a tab beside another one, and fails if that closes meanwhile. */
async function openTab(context: BrowserContext): Promise<Page> {
  return await context.newPage().catch(() => context.newPage());
}

function shown(stack: AsyncDisposableStack, tab: AppTab, leaks = (): string[] => []): Shown {
  const parts = stack.move();
  return { tab, leaks, [Symbol.asyncDispose]: () => parts.disposeAsync() };
}

/** Keeps a picture of what went wrong where `PICTURES` names a folder. */
async function picture({ page }: AppTab, name: string): Promise<void> {
  const folder = process.env.PICTURES;
  if (folder) await page.screenshot({ path: `${folder}/${name}.png` }).catch(() => {});
}

function firstLine(error: unknown): string {
  return String((error as Error).message ?? error).split("\n")[0]!;
}
