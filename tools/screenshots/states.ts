// `npm run screenshots:states -- FOLDER`: takes pictures of what a visitor sees in each state: the pill,
// the pages around an app, the demo pages and the inspector, in each of some looks.
import { mkdir } from "node:fs/promises";
import { join } from "node:path";
import process from "node:process";
import type { Page } from "puppeteer-core";
import { type Exchange, Exchanges } from "../../host/inspector/exchanges.ts";
import { startInspector } from "../../host/inspector/server.ts";
import type { HeaderField } from "../../wire/mod.ts";
import { launchBrowser } from "../e2e/browser.ts";
import { startLooks } from "../looks/server.ts";
import type { StandIn } from "../looks/pages/stand_in.ts";

/** A way in which a page is looked at. */
interface Look {
  lang?: "de";
  width?: number;
  dark?: true;
  forced?: true;
  dir?: "rtl";
  /** In percent, as the browser's setting of the text's size. */
  text?: number;
}

const LOOKS: Record<string, Look> = {
  light: {},
  dark: { dark: true },
  forced: { forced: true },
  german: { lang: "de" },
  narrow: { width: 320, lang: "de" },
  large: { width: 640, text: 200 },
  rtl: { dir: "rtl" },
};

/** The states of which the pages are shown. */
const STATES = ["not-paired", "signalling", "host-offline", "connected", "host-key-changed"];

const [folder = "screenshots", only = ""] = process.argv.slice(2);
await mkdir(folder, { recursive: true });
await using server = await startLooks();
await using inspector = await startInspectorWithSome();
const browser = await launchBrowser();
for (const [name, look] of Object.entries(LOOKS)) {
  const { lang = "en", dir = "ltr", width = 960, dark, forced, text = 100 } = look;
  const page = await browser.newPage();
  await page.setViewport({ width, height: 720 });
  await page.emulateMediaFeatures([
    { name: "prefers-color-scheme", value: dark ? "dark" : "light" },
  ]);
  const session = await page.createCDPSession();
  if (forced) {
    const features = [{ name: "forced-colors", value: "active" }];
    await session.send("Emulation.setEmulatedMedia", { features });
  }
  await session.send("Emulation.setLocaleOverride", { locale: lang });
  await page.evaluateOnNewDocument((lang) => {
    Object.defineProperty(Navigator.prototype, "languages", { get: () => [lang] });
  }, lang);
  const open = async (path: string) => {
    await page.goto(`${server.url}${path}?lang=${lang}&dir=${dir}`);
    await page.addStyleTag({ content: `html { font-size: ${text}% !important }` }).catch(() => {});
  };
  const take = async (subject: string) => {
    const path = join(folder, `${subject}-${name}.png`);
    if (path.includes(only)) await page.screenshot({ path, fullPage: true });
  };
  await open("/pills");
  await page.waitForSelector("body[data-ready]");
  await take("pills");
  for (
    const [subject, path] of [["shell", "/shell/"], ["demo", "/demo/"], ["web", "/demo/web.html"]]
  ) {
    await open(path!);
    await page.waitForSelector("lighthouse-tunnel:defined");
    for (const state of STATES) {
      await show(page, state);
      await take(`${subject}-${state}`);
    }
  }
  await page.goto("about:blank");
  await page.goto(inspector.url);
  await page.waitForSelector("#rows tr");
  await take("inspector");
  await page.click("#rows tr button");
  await page.waitForSelector("#details:not([hidden])");
  await take("inspector-socket");
  await page.$$eval("#rows tr button", (buttons) => buttons.at(-1)!.click());
  await page.waitForFunction(() =>
    document.querySelector("#details-title")!.textContent.startsWith("POST")
  );
  await page.click("#curl");
  await page.waitForSelector("#command:not([hidden])");
  await take("inspector-curl");
  await page.close();
}
await browser.close();

/** Starts an inspector with some requests. */
async function startInspectorWithSome() {
  const exchanges = new Exchanges();
  exchanges.keepsBodies = true;
  const phone = { id: "k4h7x2", origin: "https://me.example", name: "Chrome on Android" };
  const signal = new AbortController().signal;
  const handler = exchanges.watch(({ target }) => {
    const found = target !== "/missing";
    const body = new Blob([found ? '{"id":"3","text":"Milk"}' : "Not found"]).stream();
    const headers: HeaderField[] = [["content-type", "application/json"], ["set-cookie", "a=1"]];
    return Promise.resolve({ status: found ? 200 : 404, statusText: "", headers, body });
  });
  for (
    const target of [
      "/api/notes",
      "/missing",
      "/a/very/long/path?with=a&long=query&that=goes&on=and&on=1",
    ]
  ) {
    const body = target === "/api/notes" ? new Blob(['{"text":"It\'s milk"}']).stream() : null;
    const headers: HeaderField[] = [["content-type", "application/json"], ["cookie", "a=1"]];
    const answer = await handler(
      { method: body ? "POST" : "GET", target, headers, body },
      { signal, principal: phone },
    );
    await new Response(answer.body).text();
  }
  const socket = exchanges.watchSocket({ method: "GET", target: "/live", headers: [] }, phone);
  socket.answered(101, [["sec-websocket-protocol", "chat"]]);
  for (const [from, text] of [["page", "Hello"], ["backend", '{"welcome":true}']] as const) {
    socket.message({ from, isBinary: false, data: new TextEncoder().encode(text) });
  }
  socket.message({ from: "backend", isBinary: true, data: new Uint8Array(70_000) });
  socket.closed(1000, "Goodbye");
  const sentOf = ({ target, headers }: Exchange) => ({
    url: new URL(target, "http://127.0.0.1:3000"),
    headers,
  });
  return await startInspector({ exchanges, handler, sentOf, port: 0 });
}

/** Has the stand-in show a state. */
async function show(page: Page, state: string): Promise<void> {
  await page.$eval("lighthouse-tunnel", (tunnel, state) => {
    (tunnel as unknown as StandIn).show(state);
  }, state);
  await page.evaluate(() => new Promise((resolve) => setTimeout(resolve, 100)));
}
