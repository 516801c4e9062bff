// The first answers of a page arrive with the host's answer, before any connection is open: of a device that
// is known, of a stranger, and of a device that pairs.
import { once } from "node:events";
import { createServer, type ServerResponse } from "node:http";
import type { Browser, BrowserContext, Page } from "puppeteer-core";
import * as assert from "uvu/assert";
import { WebSocketServer } from "ws";
import type { BrowserName } from "../browser.ts";
import type { Bridge } from "../local/bridge.ts";
import type { HostProcess } from "../local/host_process.ts";
import { listen } from "../testing/listen.ts";
import { pairingLink } from "../testing/program.ts";
import { suite } from "../testing/suite.ts";
import { until } from "../testing/until.ts";
import { fetchText, openConnected, untilState } from "./browser.ts";
import { withBridge } from "./with_bridge.ts";

/** What a page asks for as soon as there is a tunnel. */
interface Ask {
  path: string;
  method?: string;
  body?: string;
  /** Opens a WebSocket, and sends this text when it is open. */
  socket?: string;
}

/** What it got: the tunnel's state at the first bytes and at the last ones. */
interface Got {
  text: string;
  states: string[];
  error?: string;
}

/** A page that has asked. */
interface Asked {
  page: Page;
  /** What it will have got. */
  got(): Promise<Got[]>;
}

/** Whose page asks. */
const SENDERS = ["known device", "stranger", "pairing"] as const;
type SenderName = typeof SENDERS[number];

/** This machine may be busy. */
const HOST_FLAGS = ["--early-wait", "500"];

/** A backend that counts what it executes, and finishes some answers when it is told. */
async function startBackend() {
  const posts: string[] = [];
  const open: ServerResponse[] = [];
  const server = createServer(async (request, response) => {
    switch (`${request.method} ${request.url}`) {
      case "POST /posts": {
        const chunks: Buffer[] = [];
        request.on("data", (chunk: Buffer) => chunks.push(chunk));
        await once(request, "end");
        posts.push(String(Buffer.concat(chunks)));
        return response.end(`post ${posts.length}`);
      }
      case "GET /events":
        response.setHeader("content-type", "text/event-stream");
        response.write("data: first\n\n");
        return open.push(response);
      case "GET /large":
        return response.end("x".repeat(300_000));
      default:
        return response.end("hello");
    }
  });
  const sockets = new WebSocketServer({ server });
  sockets.on("connection", (socket) => {
    socket.send("first ");
    socket.on("message", (text) => {
      socket.send(String(text));
      socket.close();
    });
  });
  const { url, close } = await listen(server);
  return { url, posts, open, [Symbol.asyncDispose]: close };
}

for (const name of ["chromium", "firefox"] as const) testIn(name, await startBackend());

function testIn(
  name: BrowserName,
  backend: Awaited<ReturnType<typeof startBackend>>,
): void {
  const test = suite(`first answers in ${name}`, { deadline: 60_000 });
  const { posts, open } = backend;
  let bridge: Bridge;
  let browser: Browser;
  let host: HostProcess;
  /** The known device's. */
  let known: Page;
  const contexts: BrowserContext[] = [];

  const options = { browser: name, quic: false, backend: backend.url, hostFlags: HOST_FLAGS };
  withBridge(test, options, async (running) => {
    ({ bridge, browser, host } = running);
    running.stack.use(backend);
    const context = await browser.createBrowserContext();
    running.stack.defer(() => context.close());
    const link = await pairingLink(bridge.state, bridge.page.url);
    ({ page: known } = await openConnected(context, link));
    await known.evaluateOnNewDocument(askAtOnce);
  });
  test.before.each(() => {
    posts.length = open.length = 0;
  });
  test.after.each(async () => {
    bridge.gateway.faults.alter = undefined;
    for (const context of contexts.splice(0)) await context.close();
  });

  /** Reloads the known device's page, which asks at once. */
  async function reload(...asks: Ask[]): Promise<Asked> {
    await untilState(known, "connected");
    await untilKept(known);
    await known.evaluate((asks) => sessionStorage.setItem("asks", JSON.stringify(asks)), asks);
    await known.reload();
    return { page: known, got: () => gotBy(known) };
  }

  /** Opens a page that asks at once. @param script Runs before. */
  async function openPage(sender: SenderName, asks: Ask[], script?: () => void): Promise<Asked> {
    if (sender === "known device") return await reload(...asks);
    const { page: { url }, state } = bridge;
    const at = sender === "pairing" ? await pairingLink(state, url) : url;
    const context = await browser.createBrowserContext();
    contexts.push(context);
    const page = await context.newPage();
    if (script) await page.evaluateOnNewDocument(script);
    await page.evaluateOnNewDocument(askAtOnce, asks);
    await page.goto(at);
    return { page, got: () => gotBy(page) };
  }

  // What a pairing adds is the same in each browser.
  for (const sender of name === "firefox" ? SENDERS.slice(0, 2) : SENDERS) {
    test(`requests of a ${sender} are answered before the page is connected`, async () => {
      const before = { ...bridge.gateway.counts };
      const from = host.lines.length;
      const { page, got } = await openPage(sender, [
        { path: "/hello" },
        { path: "/posts", method: "POST", body: "hello" },
      ]);
      const [hello, post] = await got();
      for (const { states, error } of [hello!, post!]) {
        assert.is.not(states.at(-1), "connected", error);
      }
      assert.equal([hello!.text, post!.text], ["hello", "post 1"]);
      await untilState(page, "connected");
      assert.equal(posts, ["hello"]);
      await host.until("page-early", from);
      await host.until("page-connected", from);
      // One message out, as without: the host's answer is the other one.
      const { messagesIn } = bridge.gateway.counts;
      assert.is(messagesIn - before.messagesIn, 2);
      assert.is((await fetchText(page, "/hello")).status, 200);
    });

    test(`what of a ${sender} does not fit, or comes later, goes on over the direct connection`, async () => {
      const { page, got } = await openPage(sender, [
        { path: "/events" },
        { path: "/socket", socket: "second" },
        { path: "/large" },
      ]);
      await untilState(page, "connected");
      await until(() => open.length === 1);
      open[0]!.end("data: second\n\n");
      const [events, socket, large] = await got();
      assert.is(events!.text, "data: first\n\ndata: second\n\n", events!.error);
      assert.is.not(events!.states[0], "connected");
      assert.is(socket!.text, "first second", socket!.error);
      assert.is.not(socket!.states[0], "connected");
      assert.ok(large!.text === "x".repeat(300_000), large!.error);
    });

    test(`where the answer to a ${sender} is lost, a POST is executed once`, async () => {
      let lost = 0;
      bridge.gateway.faults.alter = (text) => {
        if (!text.startsWith('{"data":{"type":"sealed-answer"') || lost++ > 0) return [text];
        return ['{"error":{"code":"relay-failed","message":"The answer is lost"}}'];
      };
      const { got } = await openPage(sender, [{ path: "/posts", method: "POST", body: "once" }]);
      const [post] = await got();
      assert.is(post!.text, "post 1", post!.error);
      assert.equal(posts, ["once"]);
      assert.is(lost, 2);
      assert.is.not(post!.states.at(-1), "connected");
    });
  }

  test("a stranger without a direct way has its first answer as soon, and goes on through the relay", async () => {
    const { page, got } = await openPage("stranger", [{ path: "/hello" }], blockDirect);
    const [hello] = await got();
    assert.is(hello!.text, "hello", hello!.error);
    assert.is.not(hello!.states.at(-1), "connected");
    assert.match(await untilState(page, "connected"), /through the relay/);
    assert.is((await fetchText(page, "/hello")).text, "hello");
  });

  test("after the host's restart, requests go as if for the first time", async () => {
    await untilState(known, "connected");
    await untilKept(known);
    await host.stop();
    host = bridge.startHost(HOST_FLAGS);
    await host.until("online");
    const { got } = await reload({ path: "/posts", method: "POST", body: "again" });
    const [post] = await got();
    assert.is(post!.text, "post 1", post!.error);
    assert.equal(posts, ["again"]);
  });

  test.run();
}

async function gotBy(page: Page): Promise<Got[]> {
  await page.waitForFunction("window.got?.every(Boolean)", { polling: 20 });
  return await page.evaluate("window.got") as Got[];
}

/** Runs in each new document, before its scripts. @param given @default those in the session's storage */
function askAtOnce(given?: Ask[]): void {
  const asks = given ?? JSON.parse(sessionStorage.getItem("asks") ?? "[]") as Ask[];
  sessionStorage.removeItem("asks");
  const got: (Got | undefined)[] = asks.map(() => undefined);
  Object.assign(globalThis, { got });
  // As soon as the element begins to connect.
  document.addEventListener("statechange", () => {
    for (const [index, ask] of asks.splice(0).entries()) {
      if (ask.socket === undefined) askFor(index, ask);
      else openSocket(index, ask.path, ask.socket);
    }
  }, { capture: true });

  async function askFor(index: number, { path, method, body }: Ask) {
    const tunnel = document.querySelector("lighthouse-tunnel")!;
    const states: string[] = [];
    try {
      const response = await tunnel.fetch(path, { method, body });
      let text = "";
      const reader = response.body!.getReader();
      for (;;) {
        const { done, value } = await reader.read();
        states.push(tunnel.state);
        if (done) break;
        text += new TextDecoder().decode(value);
      }
      got[index] = { text, states };
    } catch (error) {
      got[index] = { text: "", states, error: String(error) };
    }
  }

  function openSocket(index: number, path: string, sent: string) {
    const tunnel = document.querySelector("lighthouse-tunnel")!;
    const states: string[] = [];
    const socket = tunnel.socket(path);
    let text = "";
    socket.onopen = () => socket.send(sent);
    socket.onmessage = ({ data }) => {
      states.push(tunnel.state);
      text += data;
    };
    socket.onclose = ({ code }) => {
      got[index] = { text, states, error: String(code) };
    };
  }
}

/** Runs in a new document, before its scripts: there is no way but through the relay. */
function blockDirect(): void {
  const Native = RTCPeerConnection;
  globalThis.RTCPeerConnection = class extends Native {
    constructor(config?: RTCConfiguration) {
      super({ ...config, iceTransportPolicy: "relay" });
    }
  };
}

/** Resolves when the page has a secret for its next offer. */
async function untilKept(page: Page): Promise<void> {
  await until(() =>
    page.evaluate(async () => {
      const request = indexedDB.open("lighthouse-tunnel");
      await new Promise((resolve) => request.onsuccess = resolve);
      const all = request.result.transaction("devices").objectStore("devices").getAll();
      await new Promise((resolve) => all.onsuccess = resolve);
      request.result.close();
      return (all.result as { resumption?: CryptoKey }[]).some((record) => record.resumption);
    })
  );
}
