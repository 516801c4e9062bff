// The script that runs first in an app's documents, in real browsers, on a project site: sockets, cookies,
// downloads, workers, frames, and all ways by which a document at `/` leaves it.
import { createServer, type IncomingMessage } from "node:http";
import type { Browser, Frame, Page } from "puppeteer-core";
import * as assert from "uvu/assert";
import { WebSocketServer } from "ws";
import type { BrowserName } from "../browser.ts";
import { launchForDownloads, newContext, takeDownload } from "../compatibility/downloads.ts";
import { listen } from "../testing/listen.ts";
import { suite } from "../testing/suite.ts";
import { until } from "../testing/until.ts";
import { type AppSite, startAppSite } from "./app_site.ts";
import { untilState } from "./browser.ts";
import { openPopup } from "./popup.ts";

/** What the app was asked for. */
interface Asked {
  path: string;
  method: string;
  body: string;
  cookie: string;
}

const WORKER = `
  const socket = new WebSocket(location.origin.replace("http", "ws") + "/ws");
  const heard = [];
  self.addEventListener("message", ({ data }) => heard.push(data));
  socket.onmessage = ({ data }) => postMessage({ data, heard });
  socket.onerror = () => postMessage("error");`;

/** The scripts of the app, by their paths. */
const SCRIPTS: Record<string, string> = {
  "/worker.js": WORKER,
  "/module.js": `import { part } from "/part.js";\n${WORKER}\npart;`,
  "/part.js": `export { part } from "./deeper.js";`,
  "/deeper.js": "export const part = 1;",
  "/nesting.js": `new Worker("/nested.js").onmessage = ({ data }) => postMessage(data);`,
  "/nested.js": `fetch("/text").then((response) => response.text()).then(postMessage);`,
  "/shared.js": `
    const socket = new WebSocket(location.origin.replace("http", "ws") + "/ws");
    const first = new Promise((resolve) => socket.onmessage = ({ data }) => resolve(data));
    onconnect = ({ ports: [port] }) => {
      port.onmessage = async ({ data }) => port.postMessage(data + " " + await first);
    };`,
  "/sharing.js": `
    onconnect = ({ ports: [port] }) => {
      port.onmessage = () => {
        const socket = new WebSocket(location.origin.replace("http", "ws") + "/ws");
        socket.onmessage = ({ data }) => port.postMessage(data);
      };
    };`,
  "/events.js": `new EventSource("/events").onmessage = ({ data }) => postMessage(data);`,
};

for (const name of ["chromium", "firefox"] as const) testIn(name);

function testIn(browserName: BrowserName): void {
  const test = suite(`the injected script in ${browserName}`, { deadline: 20_000 });
  const stack = new AsyncDisposableStack();
  const asked: Asked[] = [];
  let site: AppSite;
  let browser: Browser;
  let page: Page;
  let backend: string;
  let opened = 0;

  test.before(async () => {
    const server = createServer(async (request, response) => {
      const chunks: Buffer[] = [];
      for await (const chunk of request) chunks.push(chunk);
      const { url: path = "", method = "", headers: { cookie = "" } } = request;
      asked.push({ path, method, body: Buffer.concat(chunks).toString(), cookie });
      const [name = ""] = path.split("?");
      if (SCRIPTS[name]) {
        return response.setHeader("content-type", "text/javascript").end(SCRIPTS[name]);
      }
      switch (name) {
        case "/text":
          return response.end("text");
        case "/file":
          response.setHeader("x-frame-options", "DENY");
          response.setHeader("content-disposition", 'attachment; filename="file.txt"');
          return response.end("saved");
        case "/login":
          response.setHeader("set-cookie", ["seen=1; Path=/", "hidden=2; HttpOnly; Path=/"]);
          return response.end("in");
        case "/events":
          return response.setHeader("content-type", "text/event-stream").end("data: event\n\n");
        default:
          response.setHeader("content-type", "text/html; charset=utf-8");
          response.end(`<!doctype html><title>${name}</title><h1>App</h1>
            <script>window.first = typeof WebSocket + " " + location.pathname;</script>`);
      }
    });
    const sockets = new WebSocketServer({ server });
    sockets.on("connection", (socket, request: IncomingMessage) => {
      socket.send(`hello at ${request.url} ${socket.protocol}`.trim());
      socket.on("message", (data, isBinary) => socket.send(data, { binary: isBinary }));
    });
    const app = stack.use(await listen(server));
    backend = app.url;
    site = stack.use(await startAppSite({ path: "/repo/", backend: app.url }));
    const host = site.bridge.startHost();
    browser = await launchForDownloads(browserName, { "dom.disable_open_during_load": false });
    stack.defer(() => browser.close());
    await host.until("online");
    page = await (await newContext(browser)).newPage();
    await page.goto(site.url);
    await untilState(page, "connected");
    await appFrame();
  });
  test.after(() => stack.disposeAsync());

  /** The app's frame, once its document is there. */
  async function appFrame(of = page): Promise<Frame> {
    let found: Frame | undefined;
    await until(async () => {
      for (const frame of of.frames()) {
        if (frame === of.mainFrame() || frame.parentFrame() !== of.mainFrame()) continue;
        const isReady = await frame.evaluate(() =>
          document.readyState === "complete" && document.querySelector("h1")?.textContent === "App"
        ).catch(() => false);
        if (isReady) found = frame;
      }
      return found !== undefined;
    });
    return found!;
  }

  /** Opens a path of the app in the shell's frame. */
  async function open(path = "/page"): Promise<Frame> {
    const whole = `${path}${path.includes("?") ? "&" : "?"}opened=${++opened}`;
    await page.evaluate((url) => {
      document.querySelector("iframe")!.contentWindow!.location.replace(url);
    }, `${site.url}${whole.slice(1)}`);
    await page.waitForFunction(
      (search) => document.querySelector("iframe")!.contentWindow!.location.search.endsWith(search),
      { polling: 20 },
      `opened=${opened}`,
    );
    return await appFrame();
  }

  /** Waits for the document in the shell's frame to believe that it is at a path. */
  async function untilAt(path: string): Promise<void> {
    await page.waitForFunction(
      (path) => document.querySelector("iframe")!.contentWindow!.location.pathname === path,
      { polling: 20 },
      path,
    );
  }

  /** Waits for the app to be asked for a path, and checks that the site was not. */
  async function untilAsked(path: string): Promise<Asked> {
    const leaks = () => site.asked.filter((each) => each.path.includes(path));
    const found = () => asked.find((each) => each.path.split("?")[0] === path);
    await until(() => found() !== undefined || leaks().length > 0);
    assert.equal(leaks(), []);
    return found()!;
  }

  test("a document is at the site's root before its own scripts run", async () => {
    const frame = await open("/deep/page?x=1");
    assert.is(
      await frame.evaluate(() => (window as unknown as { first: string }).first),
      "function /deep/page",
    );
    assert.is(
      await frame.evaluate(() => location.href),
      `${new URL(site.url).origin}/deep/page?x=1&opened=${opened}`,
    );
  });

  const urls: [what: string, url: () => string, at: string][] = [
    ["of the site", () => `${new URL(site.url).origin.replace("http", "ws")}/ws?a=1`, "/ws?a=1"],
    ["that is a path", () => "/ws", "/ws"],
    ["of the backend", () => `${backend.replace("http", "ws")}/ws`, "/ws"],
    ["of localhost", () => `ws://localhost:${new URL(backend).port}/ws`, "/ws"],
    ["under the site's folder", () => `${site.url.replace("http", "ws")}ws`, "/ws"],
  ];
  for (const [what, url, at] of urls) {
    test(`a WebSocket ${what} is the app's`, async () => {
      const frame = await open();
      const seen = await frame.evaluate(async (url) => {
        const socket = new WebSocket(url, ["a", "b"]);
        const first = await new Promise<string>((resolve, reject) => {
          socket.onmessage = ({ data }) => resolve(data);
          socket.onerror = () => reject(new Error("error"));
        });
        socket.binaryType = "arraybuffer";
        const second = new Promise<ArrayBuffer>((resolve) =>
          socket.onmessage = ({ data }) => resolve(data)
        );
        socket.send(new Uint8Array([1, 2]));
        const bytes = new Uint8Array(await second);
        socket.close(3000, "done");
        const end = await new Promise<CloseEvent>((resolve) => socket.onclose = resolve);
        return { first, bytes: [...bytes], code: end.code, reason: end.reason, url: socket.url };
      }, url());
      assert.equal(seen, {
        first: `hello at ${at} a`,
        bytes: [1, 2],
        code: 3000,
        reason: "done",
        url: new URL(url(), site.url).href.replace(/^http/, "ws"),
      });
    });
  }

  test("WebSocket looks like the platform's own", async () => {
    const frame = await open();
    const seen = await frame.evaluate(() => {
      const socket = new WebSocket("/ws");
      class Sub extends WebSocket {
        more = 1;
      }
      const sub = new Sub("/ws");
      const getter = Object.getOwnPropertyDescriptor(WebSocket.prototype, "readyState")!.get!;
      const sent: unknown[] = [];
      const { send } = WebSocket.prototype;
      WebSocket.prototype.send = function (data) {
        sent.push(data);
      };
      sub.send("x");
      WebSocket.prototype.send = send;
      let thrown = "";
      try {
        // @ts-expect-error -- what the platform refuses
        new WebSocket();
      } catch (error) {
        thrown = (error as Error).name;
      }
      return {
        name: WebSocket.name,
        length: WebSocket.length,
        isNative: [WebSocket, send, getter, fetch, HTMLElement.prototype.click, open, Worker]
          .every((one) => /\[native code\]/.test(Function.prototype.toString.call(one))),
        constants: [WebSocket.CONNECTING, WebSocket.CLOSED, socket.OPEN],
        isInstance: socket instanceof WebSocket && sub instanceof Sub && sub instanceof WebSocket,
        prototype: Object.getPrototypeOf(socket) === WebSocket.prototype,
        constructor: socket.constructor === WebSocket,
        own: Object.keys(socket),
        tag: String(socket),
        state: getter.call(socket),
        more: sub.more,
        sent,
        thrown,
        onopen: socket.onopen,
      };
    });
    assert.equal(seen, {
      name: "WebSocket",
      length: 1,
      isNative: true,
      constants: [0, 3, 1],
      isInstance: true,
      prototype: true,
      constructor: true,
      own: [],
      tag: "[object WebSocket]",
      state: 0,
      more: 1,
      sent: ["x"],
      thrown: "TypeError",
      onopen: null,
    });
  });

  test("document.cookie is what the host's jar has for scripts, both ways", async () => {
    const frame = await open();
    await frame.evaluate(async () => {
      await (await fetch("/login")).text();
    });
    await frame.waitForFunction(() => document.cookie === "seen=1", { polling: 20 });
    await frame.evaluate(() => {
      document.cookie = "mine=3; path=/";
      document.cookie = "elsewhere=4; path=/other";
      document.cookie = "hidden=5";
      document.cookie = "secret=6; HttpOnly";
    });
    assert.match(await frame.evaluate(() => document.cookie), /seen=1; mine=3/);
    const cookie = async () => {
      asked.length = 0;
      await frame.evaluate(async () => void await (await fetch("/text")).text());
      return (await untilAsked("/text")).cookie.split("; ").sort().join("; ");
    };
    assert.is(await cookie(), "hidden=2; mine=3; seen=1");
    const again = await open("/again");
    assert.is(await again.evaluate(() => document.cookie), "seen=1; mine=3");
    await again.evaluate(() => document.cookie = "mine=; max-age=0; path=/");
    assert.is(await again.evaluate(() => document.cookie), "seen=1");
    assert.is(await cookie(), "hidden=2; seen=1");
    assert.is(
      await again.evaluate(() => typeof (window as { cookieStore?: unknown }).cookieStore),
      "undefined",
    );
  });

  test("a service worker of the app's is refused", async () => {
    const frame = await open();
    const seen = await frame.evaluate(async () => {
      const error = await navigator.serviceWorker.register("/sw.js").catch((error) => error);
      const all = await navigator.serviceWorker.getRegistrations();
      return [
        error.name,
        /Lighthouse/.test(error.message),
        all.length,
        navigator.serviceWorker.controller,
      ];
    });
    assert.equal(seen, ["NotSupportedError", true, 0, null]);
  });

  for (
    const [kind, make] of [
      ["a worker", () => new Worker("/worker.js")],
      ["a module worker", () => new Worker("/module.js", { type: "module" })],
      [
        "a worker of a blob",
        () =>
          new Worker(URL.createObjectURL(new Blob([(window as unknown as { text: string }).text]))),
      ],
      ["a module worker of a blob", () => {
        const url = URL.createObjectURL(
          new Blob([(window as unknown as { text: string }).text], { type: "text/javascript" }),
        );
        const worker = new Worker(url, { type: "module" });
        URL.revokeObjectURL(url);
        return worker;
      }],
    ] as const
  ) {
    test(`${kind} has sockets, and hears what the app posts`, async () => {
      const frame = await open();
      const text = WORKER.replace("location.origin", JSON.stringify(new URL(site.url).origin));
      await frame.evaluate((text) => void Object.assign(window, { text }), text);
      // In one step: what the worker posts before there is a listener is lost.
      const seen = await frame.evaluate((make) => {
        const worker = new Function(`return (${make})()`)() as Worker;
        worker.postMessage("first");
        return new Promise((resolve) => worker.onmessage = ({ data }) => resolve(data));
      }, String(make));
      assert.equal(seen, { data: "hello at /ws", heard: ["first"] });
    });
  }

  test("the modules and the workers of a worker are the app's", async () => {
    const frame = await open();
    const seen = await frame.evaluate(() =>
      new Promise((resolve) => new Worker("/nesting.js").onmessage = ({ data }) => resolve(data))
    );
    assert.is(seen, "text");
    for (const name of Object.keys(SCRIPTS)) {
      assert.not(site.asked.some(({ path }) => path.endsWith(name)), name);
    }
  });

  test("a shared worker has sockets", async () => {
    const frame = await open();
    const seen = await frame.evaluate(() => {
      const { port } = new SharedWorker("/shared.js");
      port.postMessage("first");
      return new Promise((resolve) => port.onmessage = ({ data }) => resolve(data));
    });
    assert.is(seen, "first hello at /ws");
  });

  test("a shared worker goes on when the document that came to it last is gone", async () => {
    const frame = await open();
    const data = await frame.evaluate(async () => {
      const answers = async ({ port }: SharedWorker) => {
        const answer = new Promise((resolve) => port.onmessage = ({ data }) => resolve(data));
        // What the worker asks of a document that goes in this moment is lost.
        const timer = setInterval(() => port.postMessage("open"), 200);
        port.postMessage("open");
        return await answer.finally(() => clearInterval(timer));
      };
      const worker = new SharedWorker("/sharing.js");
      await answers(worker);
      const inner = document.createElement("iframe");
      inner.src = "/inner";
      const loaded = new Promise((resolve) => inner.onload = resolve);
      document.body.append(inner);
      await loaded;
      const window = inner.contentWindow as Window & typeof globalThis;
      await answers(new window.SharedWorker("/sharing.js"));
      inner.remove();
      return await answers(worker);
    });
    assert.is(data, "hello at /ws");
  });

  test("an EventSource of a worker is served", async () => {
    const frame = await open();
    const seen = await frame.evaluate(() =>
      new Promise((resolve) => new Worker("/events.js").onmessage = ({ data }) => resolve(data))
    );
    assert.is(seen, "event");
  });

  const SOCKET =
    `new WebSocket(location.ancestorOrigins ? parent.origin.replace("http", "ws") + "/ws" : parent.origin.replace("http", "ws") + "/ws").onmessage = ({ data }) => parent.postMessage(data, "*");`;
  const frames: [kind: string, make: (text: string) => void][] = [
    ["srcdoc", (text) => {
      const frame = document.createElement("iframe");
      frame.srcdoc = `<!doctype html><script>${text}</script>`;
      document.body.append(frame);
    }],
    ["srcdoc in HTML", (text) => {
      document.body.innerHTML = `<div><iframe srcdoc="${
        `<script>${text}</script>`.replaceAll('"', "&quot;")
      }"></iframe></div>`;
    }],
    ["about:blank", (text) => {
      const frame = document.createElement("iframe");
      document.body.append(frame);
      const { contentDocument } = frame;
      const script = contentDocument!.createElement("script");
      script.textContent = text;
      contentDocument!.body.append(script);
    }],
    ["about:blank that is written", (text) => {
      const frame = document.createElement("iframe");
      document.body.append(frame);
      frame.contentWindow!.document.open();
      frame.contentWindow!.document.write(`<script>${text}</script>`);
      frame.contentWindow!.document.close();
    }],
    ["a blob", (text) => {
      const frame = document.createElement("iframe");
      frame.src = URL.createObjectURL(
        new Blob([`<script>${text}</script>`], { type: "text/html" }),
      );
      document.body.append(frame);
    }],
  ];
  for (const [kind, make] of frames) {
    test(`a frame of ${kind} has sockets`, async () => {
      const frame = await open();
      const seen = frame.evaluate(() =>
        new Promise((resolve) =>
          addEventListener("message", ({ data }) => typeof data === "string" && resolve(data))
        )
      );
      await frame.evaluate(make, SOCKET);
      assert.is(await seen, "hello at /ws");
    });
  }

  /** Ways to a path, in a document at the site's root. */
  const ways: [what: string, act: (path: string) => unknown][] = [
    ["a link", (path) => {
      const link = document.body.appendChild(document.createElement("a"));
      link.href = path;
      link.click();
    }],
    ["a link that is in no document", (path) => {
      const link = document.createElement("a");
      link.href = path;
      link.click();
    }],
    ["a link to the top", (path) => {
      const link = document.body.appendChild(document.createElement("a"));
      link.href = path;
      link.target = "_top";
      link.click();
    }],
    ["a link in SVG", (path) => {
      document.body.innerHTML = `<svg><a href="${path}"><text y="20">x</text></a></svg>`;
      document.querySelector("text")!.dispatchEvent(
        new MouseEvent("click", { bubbles: true, cancelable: true }),
      );
    }],
    ["location.href", (path) => void (location.href = path)],
    ["location.assign()", (path) => location.assign(path)],
    ["location.replace()", (path) => location.replace(path)],
    ["a form that posts", (path) => {
      document.body.innerHTML =
        `<form method="post" action="${path}"><input name="a" value="b"><button>`;
      document.querySelector("button")!.click();
    }],
    ["form.submit()", (path) => {
      document.body.innerHTML = `<form method="post" action="${path}"><input name="a" value="b">`;
      document.querySelector("form")!.submit();
    }],
    ["requestSubmit() with a formaction", (path) => {
      document.body.innerHTML =
        `<form><input name="a" value="b"><button formmethod="post" formaction="${path}">`;
      document.querySelector("form")!.requestSubmit(document.querySelector("button"));
    }],
    ["a form that asks", (path) => {
      document.body.innerHTML = `<form action="${path}"><input name="a" value="b"><button>`;
      document.querySelector("button")!.click();
    }],
    ["window.open() in itself", (path) => void self.open(path, "_self")],
    ["meta refresh", (path) => {
      document.head.insertAdjacentHTML(
        "beforeend",
        `<meta http-equiv="refresh" content="0; url=${path}">`,
      );
    }],
    ["a frame", (path) => {
      const frame = document.createElement("iframe");
      frame.src = path;
      document.body.append(frame);
    }],
    ["a frame by setAttribute()", (path) => {
      const frame = document.createElement("iframe");
      frame.setAttribute("src", path);
      document.body.append(frame);
    }],
    ["a frame's location", (path) => {
      const frame = document.createElement("iframe");
      document.body.append(frame);
      frame.contentWindow!.location.href = path;
    }],
    ["a frame in HTML", (path) => {
      document.body.insertAdjacentHTML("beforeend", `<iframe src="${path}"></iframe>`);
    }],
    ["an absolute URL of the backend", (path) => {
      const link = document.body.appendChild(document.createElement("a"));
      link.href = (window as unknown as { backend: string }).backend + path;
      link.click();
    }],
    ["import()", (path) => void import(path).catch(() => {})],
    ["fetch with keepalive", (path) => void fetch(path, { keepalive: true })],
  ];
  for (const [what, act] of ways) {
    test(`${what} leads to the app`, async () => {
      const frame = await open();
      await frame.evaluate((backend) => void Object.assign(window, { backend }), backend);
      const path = `/to/${what.replace(/\W/g, "")}`;
      await frame.evaluate(act, path).catch(() => {});
      // A blank frame tells nobody where it goes, so it is led once the site has answered.
      if (what === "a frame's location") {
        return await until(() => asked.some((each) => each.path === path));
      }
      const { body, method } = await untilAsked(path);
      if (/post|submit\(|Submit/.test(what)) assert.equal([method, body], ["POST", "a=b"]);
    });
  }

  test("a reload and steps back stay in the app", async () => {
    let frame = await open("/start");
    await frame.evaluate(() => history.pushState({ at: 1 }, "", "/pushed"));
    asked.length = 0;
    await frame.evaluate(() => void (location.href = "/further")).catch(() => {});
    await untilAsked("/further");
    await untilAt("/further");
    frame = await appFrame();
    await frame.evaluate(() => history.back()).catch(() => {});
    await untilAsked("/pushed");
    await untilAt("/pushed");
    frame = await appFrame();
    assert.equal(await frame.evaluate(() => history.state), { at: 1 });
    asked.length = 0;
    await frame.evaluate(() => location.reload()).catch(() => {});
    await untilAsked("/pushed");
  });

  test("the shell shows the URL and the title of the document", async () => {
    const frame = await open("/start");
    await frame.evaluate(() => {
      history.pushState(null, "", "/pushed?x=1#y");
      document.title = "A title";
    });
    await page.waitForFunction(
      () =>
        location.pathname + location.search + location.hash === "/repo/pushed?x=1#y" &&
        document.title === "A title",
      { polling: 20 },
    );
  });

  for (const [how, isAsync] of [["false", false], ["undefined", undefined]] as const) {
    test(`a synchronous XMLHttpRequest, with ${how}, goes to the app, and does not block`, async () => {
      const frame = await open();
      asked.length = 0;
      const status = await frame.evaluate((given) => {
        const request = new XMLHttpRequest();
        request.open("GET", "/synchronous", given as boolean);
        request.send();
        return request.status;
      }, isAsync);
      assert.is(status, 0);
      await untilAsked("/synchronous");
      assert.not(site.asked.some(({ path }) => path.includes("synchronous")));
    });
  }

  test("a synchronous XMLHttpRequest with a listener is answered later", async () => {
    const frame = await open();
    const seen = await frame.evaluate(() =>
      new Promise((resolve) => {
        const request = new XMLHttpRequest();
        request.onload = () => resolve([request.status, request.responseText]);
        request.open("POST", "/text", false);
        request.setRequestHeader("x-own", "1");
        request.send("body");
      })
    );
    assert.equal(seen, [200, "text"]);
    assert.not(site.asked.some(({ path }) => path.includes("text")));
  });

  test("a `ping` of a link goes nowhere but to the app", async () => {
    const frame = await open();
    await frame.evaluate(() => {
      document.body.innerHTML = `<a href="/pinged" ping="/ping">x</a>`;
      document.querySelector("a")!.click();
    }).catch(() => {});
    await untilAsked("/pinged");
    await untilAt("/pinged");
    // Firefox has pings turned off.
    if (browserName === "chromium") await untilAsked("/ping");
    assert.not(site.asked.some(({ path }) => path.includes("ping")));
  });

  const late: [what: string, act: () => void, expected: [method: string, body: string]][] = [
    [
      "fetch with keepalive",
      () =>
        void fetch("/late", {
          method: "PUT",
          keepalive: true,
          headers: { "content-type": "application/json" },
          body: "{}",
        }),
      ["PUT", "{}"],
    ],
    ["a picture", () => void (new Image().src = "/late"), ["GET", ""]],
    ["a beacon", () => void navigator.sendBeacon("/late", "x"), ["POST", "x"]],
  ];
  for (const [what, act, expected] of late) {
    test(`${what} of a document that goes leads to the app`, async () => {
      const frame = await open();
      asked.length = 0;
      await frame.evaluate((act) => {
        addEventListener("pagehide", () => new Function(`(${act})()`)());
        location.href = "/gone";
      }, String(act)).catch(() => {});
      await untilAt("/gone");
      const { method, body } = await untilAsked("/late");
      assert.equal([method, body], expected);
    });
  }

  for (
    const [path, download, name, content] of [
      ["/file", "", "file.txt", "saved"],
      ["/file", "other.txt", "file.txt", "saved"],
      ["/text", "gr\u00fcn \u20ac.txt", "gr\u00fcn \u20ac.txt", "text"],
      ["/text", "", "text", "text"],
    ] as const
  ) {
    test(`what a link with download="${download}" names is saved as ${name}`, async () => {
      const frame = await open();
      await frame.evaluate(
        (href, download) => {
          const link = Object.assign(document.createElement("a"), { href, download });
          link.click();
        },
        path,
        download,
      );
      assert.is(new TextDecoder().decode(await takeDownload(page, name)), content);
    });
  }

  test("a window that is opened knows its opener, and may close itself", async () => {
    const frame = await open();
    let heard: Promise<unknown>;
    const popup = await openPopup(page, () => {
      heard = frame.evaluate(() =>
        new Promise((resolve) => {
          addEventListener("message", ({ data }) => resolve(data));
          Object.assign(window, { opened: globalThis.open("/opened", "_blank", "popup") });
        })
      );
    });
    const inner = await appFrame(popup);
    assert.is(await inner.evaluate(() => parent === window && frameElement === null), true);
    await inner.evaluate(() => {
      addEventListener("message", ({ data }) => Object.assign(window, { passed: data }));
    });
    await frame.evaluate(() =>
      (window as unknown as { opened: Window }).opened.postMessage("to the window", "*")
    );
    await inner.waitForFunction(
      () => (window as unknown as { passed?: string }).passed === "to the window",
      { polling: 20 },
    );
    await inner.evaluate(() => {
      opener.postMessage(`from ${location.pathname}`, "*");
      setTimeout(() => close(), 50);
    });
    assert.is(await heard!, "from /opened");
    await until(() => popup.isClosed());
  });

  const leaving: [what: string, act: (url: string) => unknown][] = [
    ["a link", (url) => {
      document.body.innerHTML = `<a href="${url}">x</a>`;
      document.querySelector("a")!.click();
    }],
    ["location.href", (url) => void (location.href = url)],
    ["window.open() in itself", (url) => void self.open(url, "_self")],
  ];
  for (const [what, act] of leaving) {
    test(`${what} to another site leads the whole tab there`, async () => {
      const tab = await browser.newPage();
      await tab.goto(site.url);
      const frame = await appFrame(tab);
      const other = `${backend}/other`;
      await frame.evaluate(act, other.replace("127.0.0.1", "other.localhost")).catch(() => {});
      await until(() => tab.url().startsWith("http://other.localhost"));
      await tab.close();
    });
  }

  test.run();
}
