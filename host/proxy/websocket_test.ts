import { createServer } from "node:net";
import * as assert from "uvu/assert";
import { scriptPath, startSocketServer, type Step } from "../../tools/testing/socket_server.ts";
import { listen } from "../../tools/testing/listen.ts";
import { suite } from "../../tools/testing/suite.ts";
import { until } from "../../tools/testing/until.ts";
import {
  COOKIES,
  FROM,
  type HeaderField,
  LighthouseError,
  MAX_WEBSOCKET_MESSAGE,
  type OpenStream,
  type OpenWebSocket,
  openWebSocket,
  readWebSocket,
  serveRequest,
  SERVICE,
  SET_COOKIE,
  type WebSocketMessage,
  WebSocketWriter,
} from "../../wire/mod.ts";
import { failureOf } from "../../wire/testing/failure.ts";
import { connectSessions, untilIdle } from "../../wire/testing/session_pair.ts";
import { Memory } from "../access/memory.ts";
import { forwardTo } from "./forward.ts";
import { Services } from "./services.ts";
import { Sockets, type SocketsOptions } from "./websocket.ts";

const test = suite("sockets", { deadline: 30_000 });

const MiB = 1024 * 1024;
const utf8 = new TextEncoder();

const PHONE = { id: "phone", origin: "https://me.example", name: "phone" };

/** A WebSocket as the page's end of the wire has it. */
interface PageSocket extends OpenWebSocket {
  writer: WebSocketWriter;
}

/** A backend, a host in front of it, and a page. */
async function setUp(
  options?: SocketsOptions,
  { prefix = "/", path = "", as }: { prefix?: string; path?: string; as?: "local" | "proxy" } = {},
) {
  await using stack = new AsyncDisposableStack();
  const backend = stack.use(await startSocketServer());
  const services = new Services([forwardTo({ prefix, backend: new URL(backend.url + path), as })]);
  stack.defer(() => services.close());
  const sockets = new Sockets(services, options);
  stack.defer(() => sockets.close());
  let principal = PHONE;
  const { page, host } = await connectSessions({
    host: {
      onStream: (stream) =>
        void serveRequest(
          stream,
          (request, signal) => services.handler(request, { signal, principal }),
          (request, stream) => sockets.serve(request, stream, principal),
        ),
    },
  });
  stack.defer(async () => {
    page.close();
    await host.closed;
  });
  function openSocket(
    target: string,
    headers: HeaderField[] = [],
    protocols: string[] = [],
  ): Promise<OpenWebSocket> {
    const { signal } = new AbortController();
    return openWebSocket(page, { target, headers, protocols }, signal);
  }
  const parts = stack.move();
  return {
    backend,
    sockets,
    page,
    host,
    /** Serves what follows as another device's. */
    use: (other: typeof PHONE) => void (principal = other),
    async open(...opening: Parameters<typeof openSocket>): Promise<PageSocket> {
      const opened = await openSocket(...opening);
      return { ...opened, writer: new WebSocketWriter(opened.stream.writable) };
    },
    /** A WebSocket's stream, whose bytes are the test's own. */
    async openStream(target: string): Promise<OpenStream> {
      return (await openSocket(target)).stream;
    },
    /** Resolves with the backend's next close. */
    async closeAtBackend(): Promise<string> {
      await until(() => backend.closes.length > 0);
      return backend.closes.shift()!;
    },
    [Symbol.asyncDispose]: () => parts.disposeAsync(),
  };
}

/** What comes until the stream's end: texts as they are, others in words. */
async function received({ stream }: PageSocket): Promise<string[]> {
  const found: string[] = [];
  for await (const message of readWebSocket(stream.readable)) found.push(inWords(message));
  return found;
}

function inWords(message: WebSocketMessage): string {
  if (message.type === "text") return message.data;
  if (message.type === "binary") return `${message.data.length} bytes`;
  return `${message.type} ${message.code} ${message.reason}`.trim();
}

test("messages go both ways as they are, and the page's close comes back", async () => {
  await using bridge = await setUp();
  const socket = await bridge.open("/echo");
  const big = new Uint8Array(MiB).map((_, at) => at % 251);
  socket.writer.send("text", utf8.encode("hé 😀"));
  socket.writer.send("text", utf8.encode(""));
  socket.writer.send("binary", new Uint8Array());
  socket.writer.send("binary", big);
  socket.writer.send("text", utf8.encode("x".repeat(MiB)));
  socket.writer.close(3000, "done");
  const found: WebSocketMessage[] = [];
  for await (const message of readWebSocket(socket.stream.readable)) found.push(message);
  assert.equal(found, [
    { type: "text", data: "hé 😀" },
    { type: "text", data: "" },
    { type: "binary", data: new Uint8Array() },
    { type: "binary", data: big },
    { type: "text", data: "x".repeat(MiB) },
    { type: "close", code: 3000, reason: "done" },
  ]);
  assert.is(await bridge.closeAtBackend(), "3000 done");
  await untilIdle(bridge.page, bridge.host);
  assert.is(bridge.sockets.open, 0);
});

const scripts: [name: string, script: Step[], received: string[], close: string][] = [
  ["a close", [{ do: "close", code: 1000, reason: "bye" }], ["close 1000 bye"], "1000 bye"],
  ["a close without a code", [{ do: "close" }], ["close 1005"], "1005"],
  ["a close with 4999", [{ do: "close", code: 4999 }], ["close 4999"], "4999"],
  ["a close with 1012", [{ do: "close", code: 1012 }], ["close 1012"], "1012"],
  [
    "fragments with a ping between them",
    [
      { do: "fragments", parts: ["he", "", "llo"] },
      { do: "ping" },
      { do: "fragments", parts: ["a", "bc"], binary: true },
      { do: "close" },
    ],
    ["hello", "3 bytes", "close 1005"],
    "1005",
  ],
  ["messages and a cut", [{ do: "send", data: "last" }, { do: "cut" }], ["last"], "1006"],
];
for (const [name, script, expected, close] of scripts) {
  test(`the page gets ${name} of the backend`, async () => {
    await using bridge = await setUp();
    const socket = await bridge.open(scriptPath(...script));
    assert.equal(await received(socket), expected);
    assert.is(await bridge.closeAtBackend(), close);
    // As the page does: it has nothing to add.
    socket.writer.abandon();
    await untilIdle(bridge.page, bridge.host);
    assert.is(bridge.sockets.open, 0);
  });
}

const violations: [name: string, hex: string, close: string][] = [
  ["text that is not UTF-8", "8102c328", "1007"],
  ["an unknown opcode", "8300", "1002"],
  ["a close code that must not travel", "880203ed", "1002"],
  ["a frame that announces more than 16 MiB", "827f0000000001000001", "1009"],
];
for (const [name, hex, close] of violations) {
  test(`a backend that sends ${name} fails, after what it sent before`, async () => {
    await using bridge = await setUp();
    const socket = await bridge.open(scriptPath({ do: "send", data: "a" }, { do: "raw", hex }));
    const [before, failure, ...rest] = await received(socket);
    assert.equal([before, rest], ["a", []]);
    assert.match(failure!, /^fault 1002 The backend failed: \w/);
    assert.is(await bridge.closeAtBackend(), close);
  });
}

for (const as of ["local", "proxy"] as const) {
  test(`${as}: the backend gets the page's fields and the host's own, not the handshake's`, async () => {
    await using bridge = await setUp({}, { prefix: "/live", path: "/app/", as });
    const { protocol } = await bridge.open("/live/echo?protocol=b&q=1", [
      ["Origin", "https://me.example"],
      ["Referer", "https://me.example/local/live/chat"],
      ["User-Agent", "test"],
      ["Cookie", "forged=1"],
      ["Connection", "close, x-hop"],
      ["X-Hop", "1"],
      ["Sec-WebSocket-Key", "forged"],
      ["Sec_WebSocket.Key", "forged"],
      ["Lighthouse.Device.Id", "forged"],
      ["Sec-WebSocket-Extensions", "permessage-deflate"],
      ["Sec-WebSocket-Version", "8"],
      ["X-Forwarded-For", "10.0.0.1"],
      ["X-Forwarded-Prefix", "/local"],
    ], ["a", "b"]);
    assert.is(protocol, "b");
    const [fields] = bridge.backend.handshakes;
    const { "sec-websocket-key": key, "x-forwarded-for": address, ...others } = fields!;
    assert.match(String(key), /^[\w+/]{22}==$/);
    const own = bridge.backend.url;
    const seen = as === "local" ? { origin: own, referer: `${own}/app/chat` } : {
      "origin": "https://me.example",
      "referer": "https://me.example/local/live/chat",
      "forwarded": `for=${address};proto=https;host=me.example`,
      "x-forwarded-host": "me.example",
      "x-forwarded-prefix": "/local/live",
      "x-forwarded-proto": "https",
    };
    if (as === "local") assert.is(address, undefined);
    else assert.match(String(address), /^100(?:\.\d+){3}$/);
    assert.equal(others, {
      ":path": "/app/echo?protocol=b&q=1",
      "connection": "Upgrade",
      "upgrade": "websocket",
      "sec-websocket-version": "13",
      "sec-websocket-protocol": "a,b",
      "host": own.slice("http://".length),
      "user-agent": "test",
      "lighthouse-device": "phone",
      "lighthouse-device-id": "phone",
      ...seen,
    });
  });
}

test("another site's Origin reaches the backend as it is", async () => {
  await using bridge = await setUp();
  await bridge.open("/echo", [["Origin", "https://evil.example"]]);
  assert.equal(bridge.backend.handshakes.map(({ origin }) => origin), ["https://evil.example"]);
});

test("cookies of a handshake's answer stay on the host, and go to the backend the next time", async () => {
  await using bridge = await setUp();
  await failureOf(bridge.open("/status/403"));
  await bridge.open("/echo");
  assert.equal(bridge.backend.handshakes.map(({ cookie }) => cookie), [undefined, "refused=1"]);
});

test("a handshake takes cookies of scripts along, and tells the document of those that have changed", async () => {
  await using bridge = await setUp();
  const line = (text: string): HeaderField => [
    SET_COOKIE,
    encodeURIComponent(JSON.stringify([["/page", text, text]])),
  ];
  const cookiesOf = ({ headers }: PageSocket) => headers.filter(([name]) => name === COOKIES);
  const first = await bridge.open("/echo", [line("a=1"), [FROM, "/page"]]);
  assert.equal(cookiesOf(first), [[COOKIES, "a=1"]]);
  const second = await bridge.open("/echo", [line("a=1"), [FROM, "/page"]], []);
  assert.equal(cookiesOf(second), []);
  const third = await bridge.open("/echo", [line("b=1")]);
  assert.equal(cookiesOf(third), []);
  const sent = bridge.backend.handshakes.map(({ cookie }) => cookie);
  assert.equal(sent, ["a=1", "a=1", "a=1; b=1"]);
});

test("a handshake that is meant for another service is refused, and so is a path of the host's own", async () => {
  await using bridge = await setUp();
  for (const [target, only] of [["/echo", "/other"], ["/.lighthouse/echo", "/"]] as const) {
    const error = await failureOf(bridge.open(target, [[SERVICE, only]]));
    assert.match(error.message, /403|404/);
  }
  assert.is(bridge.backend.handshakes.length, 0);
  await bridge.open("/echo", [[SERVICE, "/"]]);
});

for (const status of [200, 302, 401, 404, 503]) {
  test(`a backend that answers ${status} refuses, and the page learns the status`, async () => {
    await using bridge = await setUp();
    const error = await failureOf(bridge.open(`/status/${status}`));
    assert.is(error.code, "backend-failed");
    assert.match(error.message, new RegExp(`${status} Refused`));
    await untilIdle(bridge.page, bridge.host);
    await until(() => bridge.sockets.open === 0);
  });
}

const refusals: [name: string, target: string, protocols: string[], code: string][] = [
  ["a path that is no service's", "/elsewhere", [], "backend-failed"],
  ["a path that leads out of the backend", "/live/..%2fadmin", [], "bad-request"],
  ["a subprotocol that is none", "/live/echo", ["a b"], "bad-request"],
  ["a subprotocol that the backend does not choose", "/live/echo", ["a"], "backend-failed"],
  ["a subprotocol chosen that was not offered", "/live/echo?protocol=b", ["a"], "backend-failed"],
];
for (const [name, target, protocols, code] of refusals) {
  test(`${name} is refused with ${code}`, async () => {
    await using bridge = await setUp({}, { prefix: "/live" });
    assert.is((await failureOf(bridge.open(target, [], protocols))).code, code);
    await untilIdle(bridge.page, bridge.host);
    await until(() => bridge.sockets.open === 0);
    await bridge.open("/live/echo");
  });
}

test("sockets beyond the limit are refused with host-busy, until one closes", async () => {
  await using bridge = await setUp({ limits: { own: 0, all: 2 } });
  const { writer } = await bridge.open("/echo");
  await bridge.open("/echo");
  assert.is((await failureOf(bridge.open("/echo"))).code, "host-busy");
  writer.close();
  await until(() => bridge.sockets.open === 1);
  await bridge.open("/echo");
});

test("one device has its part of the sockets, and others find room", async () => {
  await using bridge = await setUp({ limits: { own: 0, each: 2, all: 3 } });
  const { writer } = await bridge.open("/echo");
  await bridge.open("/echo");
  const error = await failureOf(bridge.open("/echo"));
  assert.is(error.code, "host-busy");
  assert.match(error.message, "has all the WebSockets that it can");
  bridge.use({ ...PHONE, id: "tablet" });
  await bridge.open("/echo");
  assert.is((await failureOf(bridge.open("/echo"))).code, "host-busy");
  writer.close();
  await until(() => bridge.sockets.open === 2);
  await bridge.open("/echo");
});

test("a backend that is down is backend-unreachable", async () => {
  await using bridge = await setUp();
  await bridge.backend[Symbol.asyncDispose]();
  const error = await failureOf(bridge.open("/echo"));
  assert.is(error.code, "backend-unreachable");
  assert.match(error.message, /is it running\?/);
});

test("a backend that does not answer the handshake is backend-timeout", async () => {
  await using bridge = await setUp({ times: { open: 50 } });
  assert.is((await failureOf(bridge.open("/silent"))).code, "backend-timeout");
  assert.is(bridge.sockets.open, 0);
});

test("a backend that speaks something else is backend-failed", async () => {
  const server = createServer((socket) => void socket.end("220 mail.example ESMTP\r\n"));
  await using backend = await listen(server);
  const sockets = new Sockets(
    new Services([forwardTo({ prefix: "/", backend: new URL(backend.url) })]),
  );
  const { page, host } = await connectSessions({
    host: {
      onStream: (stream) =>
        void serveRequest(
          stream,
          () => Promise.reject(),
          (...request) => sockets.serve(...request, { id: "phone", origin: "https://me.example" }),
        ),
    },
  });
  const opening = { target: "/", headers: [], protocols: [] };
  const error = await failureOf(openWebSocket(page, opening, new AbortController().signal));
  assert.is(error.code, "backend-failed");
  page.close();
  await host.closed;
});

test("a page that resets its stream leaves: the backend sees 1001", async () => {
  await using bridge = await setUp();
  const { stream } = await bridge.open("/echo");
  stream.reset(new LighthouseError("aborted", "gone"));
  assert.is(await bridge.closeAtBackend(), "1001");
  await until(() => bridge.sockets.open === 0);
});

test("a page that ends its stream without a close leaves as well", async () => {
  await using bridge = await setUp();
  const socket = await bridge.open("/echo");
  socket.writer.end();
  assert.is(await bridge.closeAtBackend(), "1001");
  assert.equal(await received(socket), ["close 1001"]);
  await untilIdle(bridge.page, bridge.host);
});

test("a page that leaves before the backend's answer ends the handshake", async () => {
  await using bridge = await setUp();
  const abort = new AbortController();
  const opening = { target: "/silent", headers: [], protocols: [] };
  const failed = failureOf(openWebSocket(bridge.page, opening, abort.signal));
  await until(() => bridge.sockets.open === 1);
  abort.abort(new LighthouseError("aborted", "gone"));
  await failed;
  await until(() => bridge.sockets.open === 0);
});

test("the end of the session closes every socket: the backend sees 1001", async () => {
  await using bridge = await setUp();
  for (let i = 0; i < 5; i++) await bridge.open("/echo");
  bridge.page.close();
  for (let i = 0; i < 5; i++) assert.is(await bridge.closeAtBackend(), "1001");
  await until(() => bridge.sockets.open === 0);
});

test("close() closes all with 1001, and cuts off a backend that does not answer", async () => {
  await using bridge = await setUp();
  const socket = await bridge.open("/echo");
  const deaf = await bridge.open("/deaf");
  const silent = failureOf(bridge.open("/silent"));
  await until(() => bridge.sockets.open === 3);
  await bridge.sockets.close();
  assert.is(bridge.sockets.open, 0);
  assert.equal(await received(socket), ["close 1001"]);
  assert.equal(await received(deaf), []);
  assert.is((await silent).code, "backend-failed");
  assert.is(bridge.backend.closes[0], "1001");
});

test("a page that breaks the protocol is told why, and so is the backend", async () => {
  await using bridge = await setUp();
  const socket = await bridge.open("/echo");
  socket.writer.send("text", new Uint8Array([0xc3]));
  assert.match((await received(socket))[0]!, /^close 1007/);
  assert.match(await bridge.closeAtBackend(), /^1007/);
});

test("a message that is too large is refused with 1009, before it is sent", async () => {
  await using bridge = await setUp();
  const socket = await bridge.open("/echo");
  socket.writer.send("binary", new Uint8Array(MAX_WEBSOCKET_MESSAGE + 1));
  assert.match((await received(socket))[0]!, /^close 1009/);
  assert.match(await bridge.closeAtBackend(), /^1009/);
  socket.writer.abandon();
  await untilIdle(bridge.page, bridge.host);
});

test("the largest message goes through", async () => {
  await using bridge = await setUp();
  const socket = await bridge.open("/echo");
  socket.writer.send("binary", new Uint8Array(MAX_WEBSOCKET_MESSAGE));
  const { value } = await readWebSocket(socket.stream.readable).next();
  assert.is(inWords(value!), `${MAX_WEBSOCKET_MESSAGE} bytes`);
});

test("thousands of small messages go through in order, and give back what they held", async () => {
  const memory = new Memory();
  await using at = await setUp({ memory });
  const socket = await at.open("/echo");
  const sent = Array.from({ length: 5_000 }, (_, number) => String(number));
  for (const text of sent) socket.writer.send("text", utf8.encode(text));
  socket.writer.close(1000);
  assert.equal(await received(socket), [...sent, "close 1000"]);
  await until(() => memory.taken === 0);
});

test("a backend that reads nothing stops the page within bounds", async () => {
  await using bridge = await setUp({ times: { close: 50 } });
  const { writer, stream } = await bridge.open("/deaf");
  const message = new Uint8Array(64 * 1024);
  for (let sent = 0; sent < 64 * MiB; sent += message.length) writer.send("binary", message);
  let before = -1;
  while (writer.buffered !== before) {
    before = writer.buffered;
    await new Promise((resolve) => setTimeout(resolve, 200));
  }
  assert.ok(writer.buffered > 48 * MiB, `${writer.buffered} bytes wait at the page`);
  // A close cannot get through either: it is given up.
  stream.reset(new LighthouseError("aborted", "gone"));
  await until(() => bridge.sockets.open === 0);
});

test("a page that reads nothing stops the backend within bounds, and reads on when it likes", async () => {
  await using bridge = await setUp();
  const { stream } = await bridge.open(`/flood?bytes=${1024 * MiB}`);
  let before = -1;
  while (bridge.backend.flooded !== before) {
    before = bridge.backend.flooded;
    await new Promise((resolve) => setTimeout(resolve, 200));
  }
  // Linux keeps up to 36 MiB of a TCP connection in its own buffers.
  assert.ok(before < 64 * MiB, `the backend has sent ${before} bytes`);
  let bytes = 0;
  for await (const message of readWebSocket(stream.readable)) {
    bytes += (message as { data: Uint8Array }).data.length;
    if (bytes > before + MiB) break;
  }
  assert.ok(bridge.backend.flooded > before);
  stream.reset(new LighthouseError("aborted", "gone"));
  assert.is(await bridge.closeAtBackend(), "1001");
});

test("unfinished messages of all sockets together have a bound, and give back what they held", async () => {
  const memory = new Memory({ own: 0, each: MiB, all: MiB });
  await using bridge = await setUp({ memory });
  const [first, second, third] = await Promise.all([1, 2, 3].map(() => bridge.openStream("/echo")));
  const size = 600 * 1024;
  const message = new Uint8Array(5 + size);
  message[0] = 2;
  new DataView(message.buffer).setUint32(1, size);

  const writer = first!.writable.getWriter();
  await writer.write(message.subarray(0, -1));
  const refused = second!.writable.getWriter();
  refused.write(message.subarray(0, -1)).catch(() => {});
  assert.is((await failureOf(second!.readable.getReader().read())).code, "host-busy");

  await writer.write(message.subarray(-1));
  const { value } = await readWebSocket(first!.readable).next();
  assert.is(inWords(value!), `${size} bytes`);
  const later = third!.writable.getWriter();
  await later.write(message);
  await readWebSocket(third!.readable).next();
  third!.reset(new LighthouseError("aborted", "gone"));
  await writer.write(message);
});

test.run();
