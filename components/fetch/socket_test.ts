import * as assert from "uvu/assert";
import { suite } from "../../tools/testing/suite.ts";
import { until } from "../../tools/testing/until.ts";
import {
  acceptWebSocket,
  LighthouseError,
  readWebSocket,
  serveRequest,
  type Stream,
  type StreamOpener,
  WebSocketWriter,
} from "../../wire/mod.ts";
import { thrownBy } from "../../wire/testing/failure.ts";
import { connectSessions } from "../../wire/testing/session_pair.ts";
import type { SocketErrorEvent } from "../events.ts";
import { LeaderSocket } from "../tabs/leader_socket.ts";
import { PortSocket } from "../tabs/port_socket.ts";
import type { Connect } from "./fetch.ts";
import { openByStream, type OpenSocket } from "./opened_socket.ts";
import { TunnelSocket } from "./socket.ts";
import { socketConstructor } from "./socket_constructor.ts";

const test = suite("socket");

const SITE = "https://me.example";
const never: Connect = () => new Promise(() => {});

/** What the host's end of a socket does. */
type Serve = (stream: Stream, writer: WebSocketWriter) => Promise<void>;

/** Sends each message back, and closes as it is closed. */
const echo: Serve = async (stream, writer) => {
  for await (const message of readWebSocket(stream.readable)) {
    if (message.type === "close") writer.close(message.code, message.reason);
    else if (message.type === "text") writer.send("text", new TextEncoder().encode(message.data));
    else if (message.type === "binary") writer.send("binary", message.data);
  }
};

/** Makes a socket as a page does. @param options Without `open`, it does not connect. */
function makeSocket(
  url: string | URL,
  { open = openByStream(never), site = SITE, protocols = [] }: {
    open?: OpenSocket;
    site?: string;
    protocols?: string | string[];
  } = {},
): TunnelSocket {
  return new (socketConstructor({ open, site }))(url, protocols);
}

/** A socket that is connected to a host, and its events as text. */
interface Connected {
  socket: TunnelSocket;
  events: string[];
  /** What the host has been asked for. */
  asked: string[];
}

/** The page's own way, and that of an app's documents and workers: by a port to the tab that leads. */
const WAYS: ((session: StreamOpener) => OpenSocket)[] = [
  (session) => openByStream(() => Promise.resolve(session)),
  (session) => async (opening, signal) => {
    signal.throwIfAborted();
    const { port1, port2 } = new MessageChannel();
    new LeaderSocket(port2, opening, () => session);
    return await new PortSocket(port1).opened;
  },
];

/** Opens a socket by each way, one after the other. */
async function withSocket(
  options: { serve?: Serve; protocols?: string[] },
  use: (connected: Connected) => Promise<void>,
): Promise<void> {
  for (const way of WAYS) await withSocketBy(way, options, use);
}

async function withSocketBy(
  way: (session: StreamOpener) => OpenSocket,
  { serve = echo, protocols = [] }: { serve?: Serve; protocols?: string[] },
  use: (connected: Connected) => Promise<void>,
): Promise<void> {
  const asked: string[] = [];
  const { page, host } = await connectSessions({
    host: {
      onStream: (stream) => {
        const refuse = () => Promise.reject(new Error("no request"));
        void serveRequest(stream, refuse, async ({ target, headers }, stream) => {
          asked.push(target, ...headers.map((field) => field.join(": ")));
          acceptWebSocket(stream, protocols.at(-1) ?? "");
          await serve(stream, new WebSocketWriter(stream.writable));
        });
      },
    },
  });
  const socket = makeSocket("/live?a=1", { open: way(page), protocols });
  const events = record(socket);
  try {
    await use({ socket, events, asked });
  } finally {
    page.close();
    await host.closed;
  }
}

function record(socket: TunnelSocket): string[] {
  const events: string[] = [];
  socket.onopen = () => events.push("open");
  socket.onmessage = async ({ data }) => {
    const text = typeof data === "string" ? data : await new Response(data).text();
    events.push(`${data.constructor.name} ${text}`);
  };
  socket.onerror = (event) => events.push(`error ${(event as SocketErrorEvent).cause.code}`);
  socket.onclose = ({ code, reason, wasClean }) => {
    events.push(`close ${code} ${reason} ${wasClean}`);
  };
  return events;
}

for (
  const [input, site, url] of [
    ["/live", SITE, "wss://me.example/live"],
    ["live?a=1", SITE, "wss://me.example/live?a=1"],
    ["https://me.example/a", SITE, "wss://me.example/a"],
    ["wss://me.example/a", SITE, "wss://me.example/a"],
    ["/live", "http://localhost:8000", "ws://localhost:8000/live"],
    ["/live", "null", "ws://lighthouse.invalid/live"],
  ] as const
) {
  test(`on ${site}, ${input} is ${url}`, () => {
    const socket = makeSocket(input, { site });
    assert.equal([socket.url, socket.readyState], [url, TunnelSocket.CONNECTING]);
    socket.close();
  });
}

for (
  const [what, url, protocols, message] of [
    ["a URL with a fragment", "/live#a", [], /has a fragment/],
    ["a URL with an empty fragment", "/live#", [], /has a fragment/],
    ["another scheme", "ftp://me.example/", [], /WebSocket to ftp:… .* give a path/],
    ["an empty subprotocol", "/live", "", /are not subprotocols/],
    ["a subprotocol with a space", "/live", "a b", /are not subprotocols/],
    ["the same subprotocol twice", "/live", ["a", "a"], /are not subprotocols/],
  ] as [string, string, string | string[], RegExp][]
) {
  test(`${what} is a SyntaxError`, () => {
    const error = thrownBy(() => makeSocket(url, { protocols }));
    assert.is(error.name, "SyntaxError");
    assert.match(error.message, message);
  });
}

for (
  const [what, code, reason, name] of [
    ["code 999", 999, "", "InvalidAccessError"],
    ["code 1001", 1001, "", "InvalidAccessError"],
    ["code 5000", 5000, "", "InvalidAccessError"],
    ["124 bytes of reason", 1000, "é".repeat(62), "SyntaxError"],
  ] as const
) {
  test(`close() with ${what} is an ${name}`, () => {
    const socket = makeSocket("/");
    assert.is(thrownBy(() => socket.close(code, reason)).name, name);
    socket.close();
  });
}

test("the constructor is as the platform's", () => {
  const Socket: typeof WebSocket = socketConstructor({ open: openByStream(never), site: SITE });
  const socket = new Socket("/live");
  assert.equal([Socket.CONNECTING, Socket.OPEN, Socket.CLOSING, Socket.CLOSED], [0, 1, 2, 3]);
  assert.equal([socket.CONNECTING, socket.OPEN, socket.CLOSING, socket.CLOSED], [0, 1, 2, 3]);
  assert.equal([Socket.name, socket.constructor], ["WebSocket", Socket]);
  assert.is(Object.prototype.toString.call(socket), "[object WebSocket]");
  assert.equal(
    [Socket, TunnelSocket, EventTarget].map((type) => socket instanceof type),
    [true, true, true],
  );
  const other = socketConstructor({ open: openByStream(never), site: SITE });
  assert.is(socket instanceof other, false);
  assert.throws(() => (Socket as unknown as () => void)(), TypeError);
  socket.close();
});

test("a library's subclass of the constructor is one", () => {
  class Counted extends socketConstructor({ open: openByStream(never), site: SITE }) {
    sent = 0;
    override send() {
      this.sent++;
    }
  }
  const socket = new Counted("/live");
  socket.send();
  assert.equal([socket.sent, socket.url, socket instanceof TunnelSocket], [
    1,
    "wss://me.example/live",
    true,
  ]);
  socket.close();
});

test("send() before open is an InvalidStateError", () => {
  const socket = makeSocket("/");
  assert.is(thrownBy(() => socket.send("x")).name, "InvalidStateError");
  socket.close();
});

test("the host gets the path, a browser's headers and the subprotocols, and chooses one", async () => {
  await withSocket({ protocols: ["a", "b"] }, async ({ socket, events, asked }) => {
    await until(() => events.length > 0);
    const { userAgent, languages } = navigator;
    assert.equal(asked, [
      "/live?a=1",
      "accept: */*",
      `accept-language: ${languages.join()}`,
      `origin: ${SITE}`,
      "sec-fetch-site: same-origin",
      `user-agent: ${userAgent}`,
      "sec-websocket-protocol: a, b",
    ]);
    assert.equal([socket.protocol, socket.readyState], ["b", TunnelSocket.OPEN]);
  });
});

for (
  const [what, data, binaryType, expected] of [
    ["text", "héllo", "blob", "String héllo"],
    ["a number", 7, "blob", "String 7"],
    ["bytes", new TextEncoder().encode("abc"), "blob", "Blob abc"],
    ["a part of a buffer", new TextEncoder().encode("abc").subarray(1), "blob", "Blob bc"],
    ["an ArrayBuffer", new TextEncoder().encode("abc").buffer, "arraybuffer", "ArrayBuffer abc"],
    ["a Blob", new Blob(["abc"]), "arraybuffer", "ArrayBuffer abc"],
  ] as [string, never, BinaryType, string][]
) {
  test(`${what} comes back as ${expected}`, async () => {
    await withSocket({}, async ({ socket, events }) => {
      socket.binaryType = binaryType;
      await until(() => events.length > 0);
      socket.send(data);
      await until(() => events.length > 1);
      assert.equal(events, ["open", expected]);
    });
  });
}

for (
  const [what, args, expected] of [
    ["no code", [], "close 1005  true"],
    ["a code", [3001], "close 3001  true"],
    ["a code and a reason", [1000, "done"], "close 1000 done true"],
  ] as [string, [number?, string?], string][]
) {
  test(`close() with ${what} ends as ${expected}`, async () => {
    await withSocket({}, async ({ socket, events }) => {
      await until(() => events.length > 0);
      socket.close(...args);
      assert.is(socket.readyState, TunnelSocket.CLOSING);
      await until(() => events.length > 1);
      assert.equal(events, ["open", expected]);
      assert.is(socket.readyState, TunnelSocket.CLOSED);
    });
  });
}

test("bytes that are sent after close() stay in bufferedAmount", async () => {
  await withSocket({}, async ({ socket, events }) => {
    await until(() => events.length > 0);
    socket.close();
    socket.send("abc");
    await until(() => events.length > 1);
    assert.is(socket.bufferedAmount, 3);
  });
});

test("close() before open ends without a connection", async () => {
  const socket = makeSocket("/", {
    open: (_opening, signal) =>
      new Promise((_resolve, reject) => {
        signal.addEventListener("abort", () => reject(signal.reason));
      }),
  });
  const events = record(socket);
  socket.close();
  await until(() => events.length > 1);
  assert.equal(events, ["error aborted", "close 1006  false"]);
});

test("without a connection, error says why, and close follows", async () => {
  const connect = () => Promise.reject(new LighthouseError("host-offline", "Asleep"));
  const events = record(makeSocket("/", { open: openByStream(connect) }));
  await until(() => events.length > 1);
  assert.equal(events, ["error host-offline", "close 1006  false"]);
});

test("a stream that breaks is an error, and a close with 1006", async () => {
  const serve: Serve = (stream) => {
    stream.reset(new LighthouseError("backend-failed", "It broke"));
    return Promise.resolve();
  };
  await withSocket({ serve }, async ({ events }) => {
    await until(() => events.at(-1)?.startsWith("close") ?? false);
    assert.equal(events.slice(-2), ["error backend-failed", "close 1006  false"]);
  });
});

test("each event has a task of its own", async () => {
  const serve: Serve = (_stream, writer) => {
    for (const text of ["a", "b"]) writer.send("text", new TextEncoder().encode(text));
    return Promise.resolve();
  };
  await withSocket({ serve }, async ({ socket }) => {
    const order: string[] = [];
    socket.addEventListener("message", async (event) => {
      const { data } = event as MessageEvent;
      order.push(data);
      for (let i = 0; i < 20; i++) await undefined;
      order.push(`after ${data}`);
    });
    await until(() => order.length === 4);
    assert.equal(order, ["a", "after a", "b", "after b"]);
  });
});

test("a handler is called as one listener, in the place of the first", async () => {
  await withSocket({}, async ({ socket }) => {
    const calls: string[] = [];
    socket.onopen = () => calls.push("first");
    socket.addEventListener("open", () => calls.push("listener"));
    socket.onopen = () => calls.push("second");
    assert.is(typeof socket.onopen, "function");
    await until(() => calls.length > 1);
    assert.equal(calls, ["second", "listener"]);
    socket.onopen = null;
    assert.is(socket.onopen, null);
  });
});

test.run();
