import * as assert from "uvu/assert";
import { suite } from "../../tools/testing/suite.ts";
import type { RelayMessage, Signal } from "../../wire/mod.ts";
import { startTestRelay, type TestRelay } from "../testing/relay.ts";
import { deliver } from "./deliver.ts";
import { RelaySocket } from "./relay_socket.ts";

const test = suite("deliver");
const never = new AbortController().signal;
const REPLY: Signal = { type: "refused", code: "host-busy", message: "full" };

/** A page and some connections of the host, with what the page hears and who asked for it. */
async function setUp(relay: TestRelay, count: number) {
  const page = await RelaySocket.open(relay.url, never);
  const connections = await Promise.all(
    Array.from({ length: count }, () => RelaySocket.open(relay.url, never)),
  );
  const heard: RelayMessage[] = [];
  page.listeners.add((message) => void heard.push(message));
  const close = () => [page, ...connections].forEach((socket) => socket.close());
  return { page, connections, heard, close };
}

/** How many signals each connection has sent, its first probe aside. */
function sentBy(relay: TestRelay, connections: RelaySocket[]): number[] {
  return connections.map(({ connectionId }) =>
    relay.gateway.connections.get(connectionId)!.messagesIn - 1
  );
}

test("deliver() sends once what the relay takes", async () => {
  await using relay = await startTestRelay();
  const { page, connections, heard, close } = await setUp(relay, 2);
  relay.register(connections[0]!.connectionId);
  await deliver(REPLY, page.connectionId, connections[0]!, connections);
  assert.equal(heard, [{ kind: "signal", from: undefined, data: REPLY }]);
  assert.equal(sentBy(relay, connections), [1, 0]);
  assert.is(connections[0]!.listeners.size, 0);
  close();
});

test("deliver() goes on to the next connection when the relay knows that one", async () => {
  await using relay = await startTestRelay();
  const { page, connections, heard, close } = await setUp(relay, 2);
  relay.register(connections[1]!.connectionId);
  await deliver(REPLY, page.connectionId, connections[0]!, connections);
  assert.is(heard.length, 1);
  assert.equal(sentBy(relay, connections), [2, 1]);
  close();
});

test("deliver() leaves out a connection that is about to close", async () => {
  await using relay = await startTestRelay();
  const { page, connections, heard, close } = await setUp(relay, 2);
  relay.register(connections[1]!.connectionId);
  connections[0]!.close();
  assert.not(connections[0]!.isOpen);
  await deliver(REPLY, page.connectionId, connections[0]!, connections);
  assert.is(heard.length, 1);
  close();
});

test("deliver() takes the next connection where one ends before it can tell", async () => {
  await using relay = await startTestRelay();
  const { page, connections, heard, close } = await setUp(relay, 2);
  relay.register(connections[1]!.connectionId);
  const delivered = deliver(REPLY, page.connectionId, connections[0]!, connections);
  connections[0]!.close();
  await delivered;
  assert.is(heard.length, 1);
  close();
});

test("deliver() gives up after eight refusals", async () => {
  await using relay = await startTestRelay();
  const { page, connections, heard, close } = await setUp(relay, 2);
  relay.register("another");
  await deliver(REPLY, page.connectionId, connections[0]!, connections);
  assert.equal(heard, []);
  assert.equal(sentBy(relay, connections), [4, 4]);
  for (const connection of connections) assert.is(connection.listeners.size, 0);
  close();
});

test("deliver() takes a connection that has come meanwhile", async () => {
  await using relay = await startTestRelay();
  const { page, connections: [first, next], heard, close } = await setUp(relay, 2);
  relay.register(next!.connectionId);
  const connections = new Set([first!]);
  const delivered = deliver(REPLY, page.connectionId, first!, connections);
  connections.add(next!);
  await delivered;
  assert.is(heard.length, 1);
  close();
});

test("deliver() sends again what the gateway's throttle drops", async () => {
  // Enough for the connections' own questions, and for one message more.
  await using relay = await startTestRelay({ throttles: { hostSignal: { rate: 4, burst: 3 } } });
  const { page, connections, heard, close } = await setUp(relay, 1);
  const [connection] = connections;
  relay.register(connection!.connectionId);
  const other: Signal = { ...REPLY, message: "busy" };
  await Promise.all(
    [REPLY, other].map((signal) => deliver(signal, page.connectionId, connection!, connections)),
  );
  const texts = new Set(heard.map((message) => JSON.stringify(message)));
  assert.is(texts.size, 2);
  assert.is(connection!.listeners.size, 0);
  close();
});

test("deliver() does nothing without a connection", async () => {
  await using relay = await startTestRelay();
  const { page, connections: [connection], heard, close } = await setUp(relay, 1);
  connection!.close();
  await deliver(REPLY, page.connectionId, connection!, []);
  assert.equal(heard, []);
  close();
});

test.run();
