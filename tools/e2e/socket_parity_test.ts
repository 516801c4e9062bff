// `tunnel.socket()` side by side with the browser's own WebSocket: the same script runs against the
// same backend, directly and through the tunnel, and the records of what happened must be equal.
import type { Page } from "puppeteer-core";
import * as assert from "uvu/assert";
import { scriptPath, startSocketServer, type Step } from "../testing/socket_server.ts";
import { suite } from "../testing/suite.ts";
import { openConnected } from "./browser.ts";
import { withBridge } from "./with_bridge.ts";

/** Whose WebSocket a script gets. */
type Kind = "native" | "tunnel";

/** A socket, and the record of its events. */
interface Recorded {
  socket: WebSocket;
  log: unknown[];
  /** Resolves with the record, a moment after the close. */
  closed: Promise<unknown[]>;
}

/** What {@linkcode prepare} puts into the page. */
declare const openSocket: (kind: Kind, path: string, protocols?: string | string[]) => Recorded;

interface Case {
  name: string;
  /** Path at the backend, or what the backend does there. @default "/echo" */
  at?: string | Step[];
  /** Runs in the page. @default opens a socket, and records until it closes */
  script?: (kind: Kind, path: string) => Promise<unknown>;
  /** Firefox is laxer than the standard, which Chromium and the tunnel follow. */
  isLaxInFirefox?: boolean;
}

const closes: Case[] = [
  { name: "a close with 1000", at: [{ do: "close", code: 1000, reason: "bye" }] },
  { name: "a close with 1001", at: [{ do: "close", code: 1001 }] },
  { name: "a close with 1012", at: [{ do: "close", code: 1012 }] },
  { name: "a close with 3000", at: [{ do: "close", code: 3000, reason: "ü".repeat(61) }] },
  { name: "a close with 4999", at: [{ do: "close", code: 4999 }] },
  { name: "a close without a code", at: [{ do: "close" }] },
  { name: "messages before a cut", at: [{ do: "send", data: "last" }, { do: "cut" }] },
];

const messages: Case[] = [
  {
    name: "texts at the edges of UTF-8",
    at: [
      ...["hé 😀", "", "\ufeffa", "\0", "\u{10ffff}", "\ud7ff\ue000"]
        .map((data): Step => ({ do: "send", data })),
      { do: "close" },
    ],
  },
  {
    name: "fragments and pings",
    at: [
      { do: "fragments", parts: ["he", "", "llo"] },
      { do: "ping" },
      { do: "fragments", parts: ["", "", ""] },
      { do: "fragments", parts: ["a", "bc"], binary: true },
      { do: "close", code: 1000 },
    ],
  },
  {
    name: "all that send() takes, what it counts, and a close by the page",
    script: async (kind) => {
      const { socket, log, closed } = openSocket(kind, "/echo");
      const { readyState, protocol, bufferedAmount, binaryType, extensions } = socket;
      log.push([readyState, protocol, bufferedAmount, binaryType, extensions]);
      socket.onopen = () => {
        socket.send("hé");
        socket.send(new Uint8Array([1, 2]));
        socket.send(new Blob(["abc"], { type: "text/plain" }));
        socket.send("");
        socket.send(new ArrayBuffer(0));
        socket.send(new Blob([]));
        socket.send(new DataView(new Uint8Array([1, 2, 3, 4]).buffer, 1, 2));
        for (const odd of [5, null, undefined, "\ud800x", new String("s"), ["a", "b"]]) {
          socket.send(odd as string);
        }
        log.push(socket.bufferedAmount);
      };
      let count = 0;
      socket.onmessage = () => {
        if (++count === 3) socket.binaryType = "arraybuffer";
        if (count < 13) return;
        socket.close(3001, "dönë");
        log.push([socket.readyState, socket.send("late"), socket.bufferedAmount]);
      };
      await closed;
      socket.send(new Uint8Array(7));
      socket.send(new Blob(["12"]));
      socket.close();
      return [...log, socket.bufferedAmount, socket.readyState];
    },
  },
  {
    name: "messages that come after close() is called",
    script: async (kind) => {
      const { socket, closed } = openSocket(kind, "/echo");
      socket.onopen = () => {
        for (let i = 0; i < 50; i++) socket.send(`${i}`);
        socket.close(1000);
      };
      return await closed;
    },
  },
  {
    name: "handlers that are exchanged or throw",
    at: abcde(),
    script: async (kind, path) => {
      const { socket, log, closed } = openSocket(kind, path);
      socket.onmessage = () => log.push("handler");
      let count = 0;
      socket.addEventListener("message", () => {
        count++;
        if (count === 1) socket.onmessage = () => log.push("another");
        if (count === 2) socket.onmessage = null;
        if (count === 3) socket.onmessage = () => log.push("last");
        if (count === 4) throw new Error("thrown by a handler, on purpose");
      });
      socket.addEventListener("message", () => log.push("once"), { once: true });
      return await closed;
    },
  },
  {
    name: "what handlers have started is done before the next event",
    at: abcde(),
    script: async (kind, path) => {
      const { socket, log, closed } = openSocket(kind, path);
      const begin = async () => {
        for (let step = 1; step <= 5; step++) log.push(await step);
      };
      for (const type of ["open", "message", "close"]) socket.addEventListener(type, begin);
      return await closed;
    },
  },
];

const openings: Case[] = [
  ...[200, 302, 401, 404, 503].map((status): Case => ({
    name: `a refusal by ${status}`,
    at: `/status/${status}`,
  })),
  ...["a", "b", "c"].map((protocol): Case => ({
    name: `subprotocol ${protocol} of a and b`,
    at: `/echo?protocol=${protocol}`,
    script: async (kind, path) => {
      const { socket, closed } = openSocket(kind, path, ["a", "b"]);
      socket.onopen = () => socket.close();
      return await closed;
    },
  })),
  {
    name: "no subprotocol of one that was offered",
    isLaxInFirefox: true,
    script: async (kind) => {
      const { socket, closed } = openSocket(kind, "/echo", "a");
      socket.onopen = () => socket.close();
      return await closed;
    },
  },
  {
    name: "a close by the page while it connects",
    script: async (kind) => {
      const { socket, log, closed } = openSocket(kind, "/echo");
      socket.close(3000, "no matter");
      log.push(socket.readyState);
      return await closed;
    },
  },
  {
    name: "what throws, and what does not",
    script: (kind) => {
      const results: unknown[] = [];
      const attempt = (name: string, run: (socket: WebSocket) => unknown, ...rest: [string?]) => {
        try {
          const { socket } = openSocket(kind, rest[0] ?? "/echo");
          results.push([name, run(socket)]);
          socket.close();
        } catch (error) {
          results.push([name, (error as Error).constructor.name, (error as Error).name]);
        }
      };
      const construct = (protocols: string | string[]) => () =>
        openSocket(kind, "/echo", protocols).socket.close();
      const constants = ["CONNECTING", "OPEN", "CLOSING", "CLOSED"] as const;
      attempt("constants", (socket) => [
        ...constants.map((name) => socket[name]),
        ...constants.map((name) => (socket.constructor as typeof WebSocket)[name]),
      ]);
      attempt("handlers", (socket) => [
        ...["open", "message", "error", "close"].map((type) => `on${type}` in socket),
        socket.onopen,
        socket.onclose = 5 as unknown as null,
      ]);
      attempt("handler that is no function", (socket) => {
        socket.onopen = 5 as unknown as null;
        return socket.onopen;
      });
      attempt("binaryType", (socket) => {
        socket.binaryType = "text" as BinaryType;
        return socket.binaryType;
      });
      attempt("fragment", () => {}, "/echo#a");
      attempt("empty fragment", () => {}, "/echo#");
      attempt("send", (socket) => socket.send("early"));
      attempt("no protocols", construct([]));
      attempt("empty protocol", construct(""));
      attempt("protocol with a blank", construct("a b"));
      attempt("protocol with a comma", construct("a,b"));
      attempt("protocol twice", construct(["a", "a"]));
      attempt("protocol in two cases", construct(["a", "A"]));
      const codes = [0, 999, 1001, 1005, 2999, 5000, 65_536, 1000.4, -1, NaN, "3000", "x", null];
      for (const code of codes) attempt(`code ${code}`, (socket) => socket.close(code as number));
      attempt("no code", (socket) => socket.close(undefined));
      attempt("123 bytes", (socket) => socket.close(1000, "x".repeat(123)));
      attempt("124 bytes", (socket) => socket.close(1000, "x".repeat(124)));
      attempt("124 bytes of 62", (socket) => socket.close(1000, "é".repeat(62)));
      attempt("number", (socket) => socket.close(1000, 5 as unknown as string));
      return Promise.resolve(results);
    },
  },
];

const violations: Case[] = Object.entries({
  "text that is not UTF-8": "8102c328",
  "an unknown opcode": "8300",
  "a close code that must not travel": "880203ed",
  "close code 999": "880203e7",
  "close code 2000": "880207d0",
  "half a close code": "880103",
}).map(([name, hex]) => ({
  name,
  at: [{ do: "send", data: "before" }, { do: "raw", hex }],
  isLaxInFirefox: true,
}));

/** Puts {@linkcode openSocket} into the page. */
function prepare(backend: string): void {
  function record(socket: WebSocket): Recorded {
    const log: unknown[] = [];
    const inWords = (data: string | Blob | ArrayBuffer) => {
      if (typeof data === "string") return data;
      return data instanceof Blob ? [data.size, data.type] : [...new Uint8Array(data)];
    };
    socket.addEventListener("open", () => log.push(["open", socket.readyState, socket.protocol]));
    socket.addEventListener("message", ({ data, origin }) => {
      const { protocol } = new URL(origin);
      log.push(["message", inWords(data), data.constructor.name, protocol, socket.readyState]);
    });
    socket.addEventListener("error", ({ bubbles, cancelable }) => {
      log.push(["error", bubbles, cancelable, socket.readyState]);
    });
    const closed = new Promise<unknown[]>((resolve) => {
      socket.addEventListener("close", ({ code, reason, wasClean, constructor }) => {
        log.push(["close", code, reason, wasClean, constructor.name, socket.readyState]);
        setTimeout(() => resolve(log), 50);
      });
    });
    return { socket, log, closed };
  }
  const tunnel = document.querySelector("lighthouse-tunnel")!;
  const open: typeof openSocket = (kind, path, protocols) =>
    record(
      kind === "native" ? new WebSocket(backend + path, protocols) : tunnel.socket(path, protocols),
    );
  Object.assign(globalThis, { openSocket: open });
  // What a handler throws on purpose.
  addEventListener("error", (event) => event.preventDefault());
}

/** A backend that sends five messages, and closes. */
function abcde(): Step[] {
  return [..."abcde"].map((data): Step => ({ do: "send", data })).concat([{ do: "close" }]);
}

for (const name of ["chromium", "firefox"] as const) {
  const test = suite(`socket parity in ${name}`, { deadline: 60_000 });
  const backend = await startSocketServer();
  const socketUrl = backend.url.replace("http", "ws");
  const options = { browser: name, backend: backend.url, connect: [socketUrl] };
  let page: Page;

  withBridge(test, options, async ({ bridge, browser, stack }) => {
    stack.use(backend);
    ({ page } = await openConnected(browser, bridge.page.url));
    await page.evaluate(prepare, socketUrl);
  });

  for (const { name: title, at = "/echo", script, isLaxInFirefox } of cases()) {
    if (isLaxInFirefox && name === "firefox") continue;
    test(`${title}: as the browser's own`, async () => {
      const path = typeof at === "string" ? at : scriptPath(...at);
      const run = script ?? ((kind, path) => openSocket(kind, path).closed);
      const own = await page.evaluate(run, "native" as Kind, path) as unknown[];
      assert.ok(own.length > 0);
      assert.equal(await page.evaluate(run, "tunnel" as Kind, path), own);
    });
  }
  test.run();
}

function cases(): Case[] {
  return [...closes, ...messages, ...openings, ...violations];
}
