import { once } from "node:events";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import * as assert from "uvu/assert";
import { WebSocket as ServerSocket, WebSocketServer } from "ws";
import { freePort, listen } from "../../tools/testing/listen.ts";
import { suite } from "../../tools/testing/suite.ts";
import { until } from "../../tools/testing/until.ts";
import type { LighthouseError } from "../../wire/mod.ts";
import { thrownBy } from "../../wire/testing/failure.ts";
import { openRelaySocket, type RelaySocketPlatform } from "./relay_socket.ts";

const test = suite("page's relay socket");

const PLATFORM: RelaySocketPlatform = {
  openWebSocket: (url) => new WebSocket(url),
  violations: new EventTarget(),
  isOnline: () => true,
  origin: "https://page.example",
};

/** A relay that greets, and its connections. */
async function startRelay() {
  const server = new WebSocketServer({ port: 0, host: "127.0.0.1" });
  await once(server, "listening");
  const received: string[] = [];
  let connections = 0;
  server.on("connection", (socket) => {
    connections++;
    socket.send("hello");
    socket.on("message", (text) => received.push(String(text)));
  });
  return {
    url: new URL(`ws://127.0.0.1:${(server.address() as AddressInfo).port}/prod`),
    received,
    get connections() {
      return connections;
    },
    server,
    [Symbol.dispose]() {
      for (const socket of server.clients) socket.terminate();
      server.close();
    },
  };
}

/** Opens a socket. `message` and `failure` resolve with the first of each. */
function open(url: URL, platform: Partial<RelaySocketPlatform> = {}) {
  const message = Promise.withResolvers<string>();
  const failure = Promise.withResolvers<LighthouseError>();
  const failures: LighthouseError[] = [];
  const violations = new EventTarget();
  let native: WebSocket | undefined;
  const socket = openRelaySocket(url, {
    onMessage: message.resolve,
    onFailure: (error) => {
      failures.push(error);
      failure.resolve(error);
    },
    platform: {
      ...PLATFORM,
      openWebSocket: (url) => native = new WebSocket(url),
      violations,
      ...platform,
    },
  });
  const closed = new Promise((resolve) => native!.addEventListener("close", resolve));
  return {
    socket,
    message: message.promise,
    failure: failure.promise,
    failures,
    violations,
    closed,
  };
}

/** An address at which nothing listens. */
async function deadUrl(): Promise<URL> {
  return new URL(`ws://127.0.0.1:${await freePort()}/prod`);
}

test("text that is sent early goes out when the socket opens, in order", async () => {
  using relay = await startRelay();
  const { socket, message, closed } = open(relay.url);
  socket.send("one");
  socket.send("two");
  assert.is(await message, "hello");
  socket.send("three");
  socket.close();
  await closed;
  assert.equal(relay.received, ["one", "two", "three"]);
});

test("onOpen is called once the socket is open, and not for one that was closed before", async () => {
  using relay = await startRelay();
  const opened = Promise.withResolvers<void>();
  const options = { onMessage: () => {}, onFailure: () => {}, platform: PLATFORM };
  const socket = openRelaySocket(relay.url, { ...options, onOpen: opened.resolve });
  await opened.promise;
  socket.send("now");
  await until(() => relay.received.length === 1);
  socket.close();

  let isOpened = false;
  openRelaySocket(relay.url, { ...options, onOpen: () => isOpened = true }).close();
  await until(() => relay.connections === 2 && relay.server.clients.size === 0);
  assert.not(isOpened);
});

test("a socket that is closed while it opens sends nothing, and is closed once it is open", async () => {
  using relay = await startRelay();
  const { socket, failures, closed } = open(relay.url);
  socket.send("one");
  socket.close();
  socket.send("two");
  await closed;
  assert.equal(relay.received, []);
  assert.equal(failures, []);
  assert.ok([...relay.server.clients].every(({ readyState }) => readyState !== ServerSocket.OPEN));
});

for (
  const [what, isOnline, words] of [
    [
      "that cannot be reached",
      true,
      "The relay cannot be reached, or refuses pages from https://page.example",
    ],
    ["without a network", false, "This device has no network"],
  ] as const
) {
  test(`a relay ${what} is said to be so, once`, async () => {
    const { failure, failures, closed } = open(await deadUrl(), { isOnline: () => isOnline });
    const { code, message } = await failure;
    await closed;
    assert.equal([code, message], ["relay-unreachable", words]);
    assert.is(failures.length, 1);
  });
}

test("a relay that refuses the page's origin cannot be told from one that is not there", async () => {
  const server = createServer();
  await using listening = await listen(server);
  server.on("upgrade", (_request, socket) => socket.end("HTTP/1.1 403 Forbidden\r\n\r\n"));
  assert.match(
    (await open(new URL(`ws://127.0.0.1:${listening.port}/`)).failure).message,
    "or refuses pages",
  );
});

test("a policy that forbids the relay is named, whether told by an event or at once", async () => {
  const url = await deadUrl();
  const { violations, failure } = open(url);
  const violation = (blockedURI: string) =>
    Object.assign(new Event("securitypolicyviolation"), { blockedURI });
  violations.dispatchEvent(violation("https://other.example/"));
  violations.dispatchEvent(violation(url.href));
  assert.match((await failure).message, "Content-Security-Policy (connect-src)");

  const thrown = thrownBy(() =>
    open(url, {
      openWebSocket: () => {
        throw new DOMException("Forbidden", "SecurityError");
      },
    })
  );
  assert.is(thrown.code, "relay-unreachable");
  assert.match(thrown.message, "Content-Security-Policy (connect-src)");
});

test("a relay that closes an open socket is told from one that cannot be reached", async () => {
  using relay = await startRelay();
  const { message, failure } = open(relay.url);
  await message;
  for (const socket of relay.server.clients) socket.close();
  assert.is((await failure).message, "The relay closed the connection before an answer");
});

test.run();
