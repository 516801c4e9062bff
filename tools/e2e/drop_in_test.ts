// `tunnel.fetch` and `tunnel.WebSocket` as libraries take them: without the element before the dot, and
// with URLs that they have made absolute.
import type { Page } from "puppeteer-core";
import * as assert from "uvu/assert";
import type { Route } from "../local/backend_route.ts";
import { startSocketServer } from "../testing/socket_server.ts";
import { suite } from "../testing/suite.ts";
import { openConnected } from "./browser.ts";
import { withBridge } from "./with_bridge.ts";

/** Answers with the request's method, path and body. */
const show: Route = async (request, response) => {
  let body = "";
  for await (const chunk of request) body += chunk;
  response.end(`${request.method} ${request.url} ${body}`);
};

const move: Route = (_request, response) => {
  response.writeHead(307, { location: "/show?moved" }).end();
};

for (const name of ["chromium", "firefox"] as const) {
  const test = suite(`drop-in in ${name}`, { deadline: 30_000 });
  const sockets = await startSocketServer();
  const routes = { "GET /show": show, "POST /show": show, "POST /moved": move };
  let page: Page;
  let troubles: string[];

  withBridge(
    test,
    { browser: name, routes, hostFlags: ["--service", `/ws=${sockets.url}`] },
    async ({ bridge, browser, stack }) => {
      stack.use(sockets);
      ({ page, troubles } = await openConnected(browser, bridge.page.url));
    },
  );

  test("fetch works without the element before the dot", async () => {
    const texts = await page.evaluate(async () => {
      const { fetch } = document.querySelector("lighthouse-tunnel")!;
      const options = { fetch };
      const sent: typeof globalThis.fetch = options.fetch;
      const answers = [
        await fetch("/show?a"),
        await options.fetch("show?b", { method: "POST", body: "b" }),
        await Reflect.apply(sent, undefined, [new URL("/show?c#d", location.href)]),
        await sent(new Request("/show?d", { method: "POST", body: "d" })),
        await sent(`${location.origin}/show?e`, undefined),
        await fetch("/moved", { method: "POST", body: "f" }),
        await fetch(new Request("/moved", { method: "POST", body: "g" })),
      ];
      return await Promise.all(answers.map((answer) => answer.text()));
    });
    assert.equal(texts, [
      "GET /show?a ",
      "POST /show?b b",
      "GET /show?c ",
      "POST /show?d d",
      "GET /show?e ",
      "POST /show?moved f",
      "POST /show?moved g",
    ]);
  });

  test("a Request of another window is one", async () => {
    const text = await page.evaluate(async () => {
      const frame = document.createElement("iframe");
      document.body.append(frame);
      const { Request } = frame.contentWindow as Window & typeof globalThis;
      const request = new Request(`${location.origin}/show?a`, { method: "POST", body: "text" });
      const response = await document.querySelector("lighthouse-tunnel")!.fetch(request);
      frame.remove();
      return await response.text();
    });
    assert.is(text, "POST /show?a text");
  });

  test("a redirect can be refused, or looked at, and its answer tells", async () => {
    const results = await page.evaluate(async () => {
      const { fetch } = document.querySelector("lighthouse-tunnel")!;
      const moved = (redirect: RequestRedirect) => fetch("/moved", { method: "POST", redirect });
      const followed = await moved("follow");
      return [
        [followed.redirected, new URL(followed.url).pathname],
        (await moved("manual")).status,
        await moved("error").catch(({ name, message }) => [name, message]),
      ];
    });
    assert.equal(results.slice(0, 2), [[true, "/show"], 307]);
    assert.is((results[2] as string[])[0], "TypeError");
    assert.match((results[2] as string[])[1]!, /redirects to/);
  });

  test("URLs that are no paths are refused as rejections, with the path to give", async () => {
    const errors = await page.evaluate(async () => {
      const { fetch } = document.querySelector("lighthouse-tunnel")!;
      const blob = URL.createObjectURL(new Blob(["x"]));
      const inputs = [
        "http://localhost:5000/api/notes?a=1",
        new Request("https://other.example/a"),
        "data:text/plain,x",
        blob,
        "wss://localhost:5000/live",
        "http://",
        undefined as unknown as string,
      ];
      // A call that throws at once would end the loop.
      const calls = inputs.map((input) => fetch(input));
      const results = [];
      for (const call of calls) {
        results.push(await call.then(String, ({ name, message }) => `${name}: ${message}`));
      }
      return results;
    });
    const cannot = (what: string) =>
      `TypeError: Cannot fetch${what} through the tunnel: give a path`;
    const own = ", or use the page's own fetch";
    assert.equal(errors, [
      `${cannot(" from http://localhost:5000")}, "/api/notes?a=1"${own} for another site`,
      `${cannot(" from https://other.example")}, "/a"${own} for another site`,
      `${cannot(" from data:…")}, such as "/api/notes"${own}`,
      `${cannot(" from blob:…")}, such as "/api/notes"${own}`,
      `${cannot(" from wss:…")}, such as "/api/notes", or use tunnel.WebSocket`,
      `${cannot(' from "http://"')}, such as "/api/notes"`,
      `${cannot("")}, such as "/api/notes"`,
    ]);
  });

  test("paths that lead upwards stay at the backend", async () => {
    const texts = await page.evaluate(async () => {
      const { fetch } = document.querySelector("lighthouse-tunnel")!;
      const texts = [];
      for (const path of ["../../show?a", "/x/../show?b", "/%2e%2e/show?c", "\\show?d"]) {
        texts.push(await (await fetch(path)).text());
      }
      return [...texts, (await fetch("")).status, (await fetch("#a")).status];
    });
    assert.equal(texts.slice(0, 4), ["a", "b", "c", "d"].map((query) => `GET /show?${query} `));
    assert.is(texts[4], texts[5]);
  });

  test("WebSocket is a constructor as the platform's", async () => {
    const results = await page.evaluate(async () => {
      const tunnel = document.querySelector("lighthouse-tunnel")!;
      const { WebSocket: Socket, socket: open } = tunnel;
      const library = (implementation: typeof WebSocket) =>
        new implementation("/ws/echo?protocol=b", ["a", "b"]);
      const socket = library(Socket);
      socket.binaryType = "arraybuffer";
      const before = [socket.readyState, socket.bufferedAmount, socket.extensions];
      const seen: unknown[] = [];
      await new Promise((resolve) => {
        socket.onopen = () => socket.send(new Uint8Array([1, 2]));
        socket.addEventListener("message", ({ data }) => {
          seen.push([...new Uint8Array(data as ArrayBuffer)], socket.protocol);
          socket.close(3000, "enough");
        });
        socket.onclose = ({ code, reason, wasClean }) => resolve(seen.push(code, reason, wasClean));
      });
      const other = open("/ws/echo");
      const results = {
        before,
        seen,
        statics: [Socket.CONNECTING, Socket.OPEN, Socket.CLOSING, Socket.CLOSED],
        closed: socket.readyState === Socket.CLOSED,
        isSame: tunnel.WebSocket === Socket,
        instances: [
          socket instanceof Socket,
          other instanceof Socket,
          socket instanceof EventTarget,
          {} instanceof Socket,
        ],
        url: socket.url.replace(location.host, "HOST"),
        inherited: "onopen" in Socket.prototype && "close" in Socket.prototype,
      };
      other.close();
      return results;
    });
    assert.equal(results, {
      before: [0, 0, ""],
      seen: [[1, 2], "b", 3000, "enough", true],
      statics: [0, 1, 2, 3],
      closed: true,
      isSame: true,
      instances: [true, true, true, false],
      url: "ws://HOST/ws/echo?protocol=b",
      inherited: true,
    });
  });

  test("each absolute form of the page's own address opens a WebSocket", async () => {
    const texts = await page.evaluate(async () => {
      const { WebSocket: Socket } = document.querySelector("lighthouse-tunnel")!;
      const open = (url: string | URL) =>
        new Promise((resolve) => {
          const socket = new Socket(url);
          socket.onopen = () => socket.send(String(url).replace(location.host, "HOST"));
          socket.onmessage = ({ data }) => {
            resolve(data);
            socket.close();
          };
          socket.onerror = () => resolve("error");
        });
      return await Promise.all([
        open(`ws://${location.host}/ws/echo`),
        open(`wss://${location.host}/ws/echo`),
        open(new URL("/ws/echo", location.href)),
        open("../ws/echo"),
      ]);
    });
    assert.equal(texts, [
      "ws://HOST/ws/echo",
      "wss://HOST/ws/echo",
      "http://HOST/ws/echo",
      "../ws/echo",
    ]);
  });

  test("a WebSocket to another URL is a SyntaxError with the path to give", async () => {
    const errors = await page.evaluate(() => {
      const { WebSocket: Socket } = document.querySelector("lighthouse-tunnel")!;
      const messageOf = (make: () => unknown): string => {
        try {
          return String(make());
        } catch (error) {
          return `${(error as Error).name}: ${(error as Error).message}`;
        }
      };
      return [
        messageOf(() => new Socket("ws://localhost:5000/live?a")),
        messageOf(() => new Socket("data:,")),
        messageOf(() => new Socket("/live#a")).replace(location.host, "HOST"),
        messageOf(() => new Socket("/live", ["a", "a"])),
        messageOf(() => new (Socket as unknown as new () => unknown)()),
        messageOf(() => (Socket as unknown as (url: string) => unknown)("/live")).slice(0, 9),
      ];
    });
    const cannot = "SyntaxError: Cannot open a WebSocket";
    assert.equal(errors, [
      `${cannot} to ws://localhost:5000 through the tunnel: give a path, "/live?a", ` +
      "or use the page's own WebSocket for another site",
      `${cannot} to data:… through the tunnel: give a path, such as "/api/notes", ` +
      "or use the page's own WebSocket",
      `${cannot}: ws://HOST/live#a has a fragment`,
      `${cannot}: a,a are not subprotocols`,
      `${cannot} through the tunnel: give a path, such as "/api/notes"`,
      "TypeError",
    ]);
  });

  test("a refusal of the backend is an error with its cause, typed", async () => {
    const result = await page.evaluate(() => {
      const { WebSocket: Socket } = document.querySelector("lighthouse-tunnel")!;
      return new Promise((resolve) => {
        const socket = new Socket("/ws/status/404");
        socket.addEventListener("error", ({ cause }) => resolve(cause.code));
      });
    });
    assert.is(result, "backend-failed");
  });

  test("nothing of this was reported as an error", () => assert.equal(troubles, []));

  test.run();
}
