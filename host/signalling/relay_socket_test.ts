import { once } from "node:events";
import { createServer } from "node:net";
import type { AddressInfo } from "node:net";
import * as assert from "uvu/assert";
import { WebSocketServer } from "ws";
import { freePort, listen } from "../../tools/testing/listen.ts";
import { suite } from "../../tools/testing/suite.ts";
import type { RelayMessage } from "../../wire/mod.ts";
import { failureOf } from "../../wire/testing/failure.ts";
import { startTestRelay } from "../testing/relay.ts";
import { RelaySocket } from "./relay_socket.ts";

const test = suite("relay socket");
const never = new AbortController().signal;

function nextMessage(socket: RelaySocket): Promise<RelayMessage> {
  return new Promise((resolve) => {
    const listener = (message: RelayMessage) => {
      socket.listeners.delete(listener);
      resolve(message);
    };
    socket.listeners.add(listener);
  });
}

test("open() learns the connection's own id", async () => {
  await using relay = await startTestRelay();
  const first = await RelaySocket.open(relay.url, never);
  const second = await RelaySocket.open(relay.url, never);
  assert.equal([...relay.gateway.connections.keys()], [first.connectionId, second.connectionId]);
  first.close();
  second.close();
});

test("send() reaches whoever is registered, with the sender's id", async () => {
  await using relay = await startTestRelay();
  const host = await RelaySocket.open(relay.url, never);
  const other = await RelaySocket.open(relay.url, never);
  relay.register(host.connectionId);
  const heard = nextMessage(host);
  other.send({ type: "probe", nonce: "n" });
  assert.equal(await heard, {
    kind: "signal",
    from: other.connectionId,
    data: { type: "probe", nonce: "n" },
  });
  const answer = nextMessage(other);
  host.send({ type: "replaced" }, other.connectionId);
  assert.equal(await answer, { kind: "signal", from: undefined, data: { type: "replaced" } });
  host.close();
  other.close();
});

test("an error of the relay is a message", async () => {
  await using relay = await startTestRelay();
  const socket = await RelaySocket.open(relay.url, never);
  const heard = nextMessage(socket);
  socket.send({ type: "probe", nonce: "n" });
  const message = await heard;
  assert.is(message.kind, "error");
  assert.is((message as { code: string }).code, "host-offline");
  socket.close();
});

const malformed: [what: string, text: string][] = [
  ["that is no JSON", "hello"],
  ["that is empty", '""'],
  ["without data", "{}"],
  ["whose sender is a number", '{"from":1,"data":{}}'],
  ["whose error is text", '{"error":"no"}'],
];
for (const [what, text] of malformed) {
  test(`a message ${what} is ignored, and the next is heard`, async () => {
    await using relay = await startTestRelay();
    const socket = await RelaySocket.open(relay.url, never);
    const heard = nextMessage(socket);
    await relay.post(socket.connectionId, text);
    await relay.post(socket.connectionId, '{"data":"good"}');
    assert.equal(await heard, { kind: "signal", from: undefined, data: "good" });
    socket.close();
  });
}

/** A server that answers each message with its data, as `to: "me"` asks for. */
async function startEcho(answer: (text: string) => (string | Buffer)[]) {
  const server = new WebSocketServer({ port: 0, host: "127.0.0.1" });
  await once(server, "listening");
  server.on("connection", (socket) => {
    socket.on("message", (text) => {
      for (const message of answer(String(text))) socket.send(message);
    });
  });
  const close = async () => {
    for (const client of server.clients) client.terminate();
    server.close();
    await once(server, "close");
  };
  const { port } = server.address() as AddressInfo;
  return { url: new URL(`ws://127.0.0.1:${port}/prod`), [Symbol.asyncDispose]: close };
}

const echoOf = (text: string) => JSON.stringify({ from: "id", data: JSON.parse(text).data });

test("binary messages are ignored", async () => {
  await using server = await startEcho((text) => {
    const { type } = JSON.parse(text).data;
    return type === "probe"
      ? [echoOf(text)]
      : [Buffer.from('{"data":"binary"}'), '{"data":"text"}'];
  });
  const socket = await RelaySocket.open(server.url, never);
  const heard = nextMessage(socket);
  socket.send({ type: "replaced" });
  assert.equal(await heard, { kind: "signal", from: undefined, data: "text" });
  socket.close();
});

test("a message of 100 KB, which no relay sends, ends the connection", async () => {
  await using server = await startEcho((text) => {
    const { type } = JSON.parse(text).data;
    return [type === "probe" ? echoOf(text) : JSON.stringify({ data: "x".repeat(100_000) })];
  });
  const socket = await RelaySocket.open(server.url, never);
  socket.send({ type: "replaced" });
  assert.match(await socket.closed, /^100[69]/);
});

test("closed resolves with the reason when the gateway closes", async () => {
  await using relay = await startTestRelay();
  const socket = await RelaySocket.open(relay.url, never);
  await relay.gateway.close();
  assert.match(await socket.closed, /^1001 /);
  // Nothing thrown afterwards.
  socket.send({ type: "replaced" });
});

test("close() ends the connection at both ends, and can be called again", async () => {
  await using relay = await startTestRelay();
  const socket = await RelaySocket.open(relay.url, never);
  const [connection] = relay.gateway.connections.values();
  socket.close();
  socket.close();
  assert.match(await socket.closed, /^1000/);
  await (connection as unknown as { closed: Promise<void> }).closed;
  assert.is(relay.gateway.connections.size, 0);
});

test("check() is true on a connection that works, and leaves it open", async () => {
  await using relay = await startTestRelay();
  const socket = await RelaySocket.open(relay.url, never);
  assert.is(await socket.check(never), true);
  assert.is(relay.gateway.connections.size, 1);
  socket.close();
});

test("check() ends a connection that is dead", async () => {
  await using relay = await startTestRelay();
  const socket = await RelaySocket.open(relay.url, never);
  relay.gateway.faults.dropMessage = () => true;
  assert.is(await socket.check(never), false);
  assert.match(await socket.closed, /^1006/);
});

test("check() that is given up leaves the connection open", async () => {
  await using relay = await startTestRelay();
  const socket = await RelaySocket.open(relay.url, never);
  relay.gateway.faults.dropMessage = () => true;
  const stop = new AbortController();
  const checked = socket.check(stop.signal);
  const started = performance.now();
  stop.abort();
  assert.is(await checked, false);
  assert.ok(performance.now() - started < 3_000);
  assert.is(await socket.check(stop.signal), false);
  relay.gateway.faults.dropMessage = undefined;
  assert.is(await socket.check(never), true);
  socket.close();
});

test("check() on a connection that is closed is false at once", async () => {
  await using relay = await startTestRelay();
  const socket = await RelaySocket.open(relay.url, never);
  socket.close();
  await socket.closed;
  const started = performance.now();
  assert.is(await socket.check(never), false);
  assert.ok(performance.now() - started < 3_000);
});

test("open() says what it could not connect to", async () => {
  const port = await freePort();
  const error = await failureOf(RelaySocket.open(new URL(`ws://127.0.0.1:${port}/prod`), never));
  assert.is(error.code, "relay-unreachable");
  assert.match(error.message, `Cannot connect to ws://127.0.0.1:${port}/prod: `);
  assert.match(error.message, "ECONNREFUSED");
});

test("open() says with which status the gateway refused it", async () => {
  await using relay = await startTestRelay();
  const error = await failureOf(RelaySocket.open(new URL("/other", relay.url), never));
  assert.is(error.code, "relay-unreachable");
  assert.match(error.message, "403");
});

test("open() gives up on a server that is no relay", async () => {
  await using server = await startEcho(() => ["hello", '{"from":"x","data":{"nonce":"other"}}']);
  const error = await failureOf(RelaySocket.open(server.url, never));
  assert.is(error.code, "relay-unreachable");
  assert.match(error.message, "no answer within 5 s");
});

test("open() ends at once when it is aborted while connecting", async () => {
  // Accepts connections and says nothing.
  const server = createServer();
  await using listening = await listen(server);
  const stop = new AbortController();
  const opening = failureOf(
    RelaySocket.open(new URL(`ws://127.0.0.1:${listening.port}`), stop.signal),
  );
  const [accepted] = await once(server, "connection");
  stop.abort();
  await Promise.all([opening, once(accepted.resume(), "close")]);
});

test("open() ends at once when it is aborted while it waits for its id", async () => {
  const asked = Promise.withResolvers<void>();
  await using server = await startEcho(() => {
    asked.resolve();
    return [];
  });
  const stop = new AbortController();
  const opening = failureOf(RelaySocket.open(server.url, stop.signal));
  await asked.promise;
  const started = performance.now();
  stop.abort();
  await opening;
  assert.ok(performance.now() - started < 3_000);
});

test("the signal that opened a connection ends it", async () => {
  await using relay = await startTestRelay();
  const stop = new AbortController();
  const socket = await RelaySocket.open(relay.url, stop.signal);
  stop.abort();
  assert.match(await socket.closed, /^1006/);
});

test.run();
