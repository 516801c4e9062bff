// No request of a document that came through the tunnel goes to the site's own server: an app with
// absolute paths, as most have them, under `local/` and in app mode, in real browsers.
import { copyFile, mkdir, readFile, writeFile } from "node:fs/promises";
import { createServer } from "node:http";
import { join } from "node:path";
import type { Browser, BrowserContext, Frame, Page } from "puppeteer-core";
import * as assert from "uvu/assert";
import { writeSite } from "../../host/site/write_site.ts";
import { toBase64url } from "../../wire/mod.ts";
import type { BrowserName } from "../browser.ts";
import { listen } from "../testing/listen.ts";
import { suite } from "../testing/suite.ts";
import { until } from "../testing/until.ts";
import { type AppSite, startAppSite } from "./app_site.ts";
import { launchBrowser, untilState } from "./browser.ts";

/** A site, and where the app's `/page` is on it. */
interface Way {
  name: string;
  /** The page that connects. */
  opener: string;
  page: string;
}

const ways: Way[] = [
  { name: "local/", opener: "/own.html", page: "/local/notes/page" },
  {
    name: "local/ of a project site",
    opener: "/own/own.html",
    page: "/own/local/notes/page",
  },
  { name: "an app", opener: "/page", page: "/page" },
  {
    name: "an app's project site",
    opener: "/repo/",
    page: "/repo/page",
  },
  {
    name: "several apps",
    opener: "/many/",
    page: "/many/notes/page",
  },
];

/** What a script of the app does; `path` is an absolute path of the app's. */
type Act = (path: string) => unknown;

/** Requests that the worker sees in each way. */
const requests: [what: string, act: Act, path?: string][] = [
  ["fetch", (path) => fetch(path)],
  ["fetch of a URL", (path) => fetch(location.origin + path)],
  ["fetch that posts", (path) => fetch(path, { method: "POST", body: "secret" })],
  ["XMLHttpRequest", (path) => {
    const request = new XMLHttpRequest();
    request.open("GET", path);
    request.send();
  }],
  ["EventSource", (path) => void new EventSource(path)],
  ["a beacon", (path) => navigator.sendBeacon(path, "secret")],
  ["a picture", (path) => void (new Image().src = path)],
  ["a picture of a stylesheet", (path) => {
    document.body.style.backgroundImage = `url(${path})`;
  }],
  ["a script", (path) => {
    document.body.append(Object.assign(document.createElement("script"), { src: path }));
  }],
  ["a module", (path) => import(path).catch(() => {})],
  ["a stylesheet", (path) => {
    document.body.append(
      Object.assign(document.createElement("link"), { rel: "stylesheet", href: path }),
    );
  }],
  ["a picture in a frame of srcdoc", (path) => {
    const frame = document.createElement("iframe");
    frame.srcdoc = `<img src="${path}">`;
    document.body.append(frame);
  }],
  ["a sandboxed frame", (path) => {
    const frame = document.createElement("iframe");
    frame.src = path;
    frame.setAttribute("sandbox", "allow-scripts");
    document.body.append(frame);
  }],
  ["a sandboxed frame that a script writes", (path) => {
    document.body.innerHTML = `<iframe src="${path}" sandbox></iframe>`;
  }],
  ["a sandboxed frame of a document", (path) => {
    const frame = document.createElement("iframe");
    frame.src = `framing?sandbox&${path}`;
    document.body.append(frame);
  }],
  ["a frame of a document", (path) => {
    const frame = document.createElement("iframe");
    frame.src = `framing?name&${path}`;
    document.body.append(frame);
  }],
  ["fetch of a blank frame", (path) => {
    const frame = document.createElement("iframe");
    document.body.append(frame);
    return (frame.contentWindow as Window & typeof globalThis).fetch(path);
  }],
  ["XMLHttpRequest of a blank frame", (path) => {
    const frame = document.createElement("iframe");
    document.body.append(frame);
    const request = new (frame.contentWindow as Window & typeof globalThis).XMLHttpRequest();
    request.open("GET", path);
    request.send();
  }],
  ["a request of a worker", (path) => {
    new Worker(`worker.js?${path.split("/").at(-1)}`);
  }],
  ["a request of a worker of a blob", (path) => {
    new Worker(URL.createObjectURL(new Blob([`fetch("${location.origin}${path}")`])));
  }],
  ["a request after a change of the URL", (path) => {
    history.replaceState(null, "", "/elsewhere");
    return fetch(path);
  }],
];

/** Navigations: a worker sees those within its scope, and the injected script leads the others there. */
const navigations: [what: string, act: Act][] = [
  ["a form that posts", (path) => {
    const form = document.createElement("form");
    form.method = "post";
    form.action = path;
    form.innerHTML = '<input name="user" value="ann"><input name="password" value="secret">';
    document.body.append(form);
    form.submit();
  }],
  ["a form that asks", (path) => {
    const form = document.createElement("form");
    form.action = path;
    form.innerHTML = '<input name="password" value="secret">';
    document.body.append(form);
    form.submit();
  }],
  ["a link", (path) => {
    const link = document.createElement("a");
    link.href = path;
    document.body.append(link);
    link.click();
  }],
  ["a link without a referrer", (path) => {
    const link = document.createElement("a");
    link.href = path;
    link.rel = "noreferrer";
    document.body.append(link);
    link.click();
  }],
  ["a script's location", (path) => location.assign(path)],
  ["a frame", (path) => {
    const frame = document.createElement("iframe");
    frame.src = path;
    document.body.append(frame);
  }],
];

/** What browsers send past the worker: the app is asked by another way, or nobody is. */
const strays: [what: string, act: Act][] = [
  ["an <object>", (path) => {
    document.body.append(Object.assign(document.createElement("object"), { data: path }));
  }],
  ["an <embed>", (path) => {
    document.body.append(Object.assign(document.createElement("embed"), { src: path }));
  }],
  ["a link that is saved", (path) => {
    const link = document.createElement("a");
    link.href = path;
    link.download = "file.txt";
    document.body.append(link);
    link.click();
  }],
  ["a fetch that is kept alive", (path) => fetch(path, { keepalive: true })],
  ["a picture in a frame of a blob", (path) => {
    const frame = document.createElement("iframe");
    const html = `<img src="${location.origin}${path}">`;
    frame.src = URL.createObjectURL(new Blob([html], { type: "text/html" }));
    document.body.append(frame);
  }],
  ["what a sandboxed document asks for", (path) => {
    const frame = document.createElement("iframe");
    frame.sandbox.value = "allow-scripts allow-forms";
    frame.src = `hostile?${location.origin}${path}`;
    document.body.append(frame);
  }],
  ["a picture in a sandboxed frame of srcdoc", (path) => {
    const frame = document.createElement("iframe");
    frame.setAttribute("sandbox", "");
    frame.srcdoc = `<img src="${location.origin}${path}"><img src="${path}">`;
    document.body.append(frame);
  }],
  ["a link in a sandboxed frame", (path) => {
    const frame = document.createElement("iframe");
    frame.setAttribute("sandbox", "allow-scripts");
    frame.srcdoc = `<a href="${path}">link</a><script>document.links[0].click();
      try { location = "${path}"; } catch {}</script>`;
    document.body.append(frame);
  }],
  ["a picture and a script in a blank frame", (path) => {
    const frame = document.createElement("iframe");
    document.body.append(frame);
    const { body } = frame.contentDocument!;
    body.innerHTML = `<img src="${path}">`;
    body.append(Object.assign(document.createElement("script"), { src: path }));
  }],
  ["a picture in a blank frame that is written", (path) => {
    const frame = document.createElement("iframe");
    document.body.append(frame);
    const inner = frame.contentDocument!;
    inner.open();
    inner.write(`<img src="${path}">`);
    inner.close();
  }],
  ["a picture in a frame of a script's URL", (path) => {
    const frame = document.createElement("iframe");
    frame.src = `javascript:'<img src="${path}">'`;
    document.body.append(frame);
  }],
  ["a picture in a blank pop-up", (path) => {
    const opened = open("", "_blank", "width=200,height=200");
    if (!opened) return;
    opened.document.body.innerHTML = `<img src="${path}">`;
    setTimeout(() => opened.close(), 500);
  }],
];

for (const name of ["chromium", "firefox"] as const) testIn(name);

function testIn(browserName: BrowserName): void {
  const test = suite(`led requests in ${browserName}`, { deadline: 20_000 });
  const stack = new AsyncDisposableStack();
  /** What the app was asked for, with the bodies. */
  const got: { path: string; body: string }[] = [];
  let site: AppSite;
  let browser: Browser;
  const origin = () => new URL(site.url).origin;

  test.before(async () => {
    const app = stack.use(
      await listen(createServer(async (request, response) => {
        const chunks: Buffer[] = [];
        for await (const chunk of request) chunks.push(chunk);
        const path = request.url!;
        got.push({ path, body: Buffer.concat(chunks).toString() });
        if (path.startsWith("/worker.js")) {
          response.setHeader("content-type", "text/javascript");
          response.end("fetch('/asked/' + location.search.slice(1))");
        } else if (path.startsWith("/framing?")) {
          response.setHeader("content-type", "text/html");
          const [attribute, url] = path.slice("/framing?".length).split("&");
          response.end(`<!doctype html><iframe ${attribute} src="${url}"></iframe>`);
        } else if (path.startsWith("/hostile?")) {
          const [, url] = path.split("?");
          response.setHeader("content-type", "text/html");
          response.end(`<!doctype html><link rel="stylesheet" href="${url}"><img src="${url}">
<script src="${url}"></script><iframe src="${url}"></iframe><form action="${url}"></form>
<script>fetch("${url}"); document.forms[0].submit();</script>`);
        } else if (path === "/moves") {
          response.writeHead(302, { location: "/moved?by=backend" }).end();
        } else {
          response.setHeader("content-type", "text/html");
          response.setHeader("referrer-policy", "no-referrer");
          response.end(`<!doctype html><title>${path}</title><body>`);
        }
      })),
    );
    site = stack.use(await startAppSite({ service: "/notes" }));
    const attributes = {
      "relay": site.bridge.gateway.url,
      "stun": "none",
      "host-key": toBase64url(site.bridge.identity.publicKey),
    };
    for (const [folder, service] of [["repo", "/notes"], ["many", null]] as const) {
      const page = new URL(`${folder}/`, site.url);
      await writeSite(join(site.folder, folder), { page, attributes, service, name: "An app" });
    }
    for (const folder of ["", "own"]) {
      await mkdir(join(site.folder, folder), { recursive: true });
      const worker = new URL("../../host/dist/site/lighthouse-worker.js", import.meta.url);
      await copyFile(worker, join(site.folder, folder, "own-worker.js"));
      const list = Object.entries(attributes).map(([name, value]) => `${name}="${value}"`);
      await writeFile(
        join(site.folder, folder, "own.html"),
        `<!doctype html><title>The owner's page</title>
<lighthouse-tunnel ${list.join(" ")} worker="own-worker.js"></lighthouse-tunnel>
<script type="module" src="/lighthouse-tunnel.js"></script>`,
      );
    }
    const element = new URL("../../components/dist/lighthouse-tunnel.js", import.meta.url);
    await writeFile(join(site.folder, "lighthouse-tunnel.js"), await readFile(element));
    const host = site.bridge.startHost(["--service", `/notes=${app.url}`]);
    browser = await launchBrowser(browserName);
    stack.defer(() => browser.close());
    await host.until("online");
  });
  test.after(() => stack.disposeAsync());

  for (const way of ways) testWay(way);

  function testWay({ name, opener, page: path }: Way): void {
    let context: BrowserContext;
    let page: Page;
    const isOpened = async () => {
      if (context) return;
      context = await browser.createBrowserContext();
      page = await context.newPage();
      await page.goto(origin() + opener);
      await untilState(page, "connected");
    };
    let number = 0;

    /** The app's page in a frame of its own. */
    async function openFrame(): Promise<Frame> {
      await isOpened();
      const id = `frame${++number}`;
      await page.evaluate(
        async (id, path) => {
          const frame = document.createElement("iframe");
          frame.id = id;
          document.body.append(frame);
          const loaded = new Promise((resolve) => frame.onload = resolve);
          // A frame whose `src` is its parent's URL is not loaded everywhere.
          frame.contentWindow!.location.replace(path);
          await loaded;
        },
        id,
        path,
      );
      return await (await page.$(`#${id}`))!.contentFrame() as Frame;
    }

    /** Has a new document of the app act, and checks that the app was asked. */
    async function check(act: Act): Promise<void> {
      const frame = await openFrame();
      const target = `/asked/${number}-${name.replace(/\W/g, "")}`;
      await frame.evaluate(act as (path: string) => unknown, target)
        // The document may go before it has answered.
        .catch(() => {});
      const asked = () => got.find(({ path }) => path.split("?")[0] === target);
      const leaks = () => site.asked.filter(({ path, body }) => (path + body).includes(target));
      await until(() => asked() !== undefined || leaks().length > 0);
      assert.equal(leaks(), []);
      await page.evaluate(() =>
        document.querySelectorAll("iframe").forEach((each) => each.remove())
      );
    }

    for (const [what, act] of requests) {
      test(`${name}: ${what} goes to the app, and not to the site`, () => check(act));
    }
    for (const [what, act] of navigations) {
      test(`${name}: ${what} goes to the app, and not to the site`, () => check(act));
    }

    test(`${name}: a redirect leads to a place of the app`, async () => {
      const frame = await openFrame();
      await frame.evaluate(() => location.assign("moves")).catch(() => {});
      await until(() => got.some(({ path }) => path === "/moved?by=backend"));
      assert.not(site.asked.some(({ path }) => path.includes("moved")));
      got.length = 0;
    });

    test(`${name}: what browsers send past the worker does not go to the site`, async () => {
      const targets = new Map<string, string>();
      for (const [what, act] of strays) {
        const frame = await openFrame();
        const target = `/stray/${number}-${name.replace(/\W/g, "")}`;
        targets.set(target, what);
        await frame.evaluate(act as (path: string) => unknown, target).catch(() => {});
      }
      await new Promise((resolve) => setTimeout(resolve, 1000));
      const leaks = [...targets].flatMap(([target, what]) => {
        const leak = site.asked.find(({ path }) => path.includes(target));
        return leak ? `${what}: ${leak.path}` : [];
      });
      assert.equal(leaks, []);
    });

    test(`${name}: the end`, () => context.close());
  }

  test.run();
}
