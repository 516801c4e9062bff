import * as assert from "uvu/assert";
import { suite } from "../../tools/testing/suite.ts";
import type { RelayMessage, Signal } from "../../wire/mod.ts";
import { startTestRelay, type TestRelay } from "../testing/relay.ts";
import { deliver } from "./deliver.ts";
import { RelaySocket } from "./relay_socket.ts";

const test = suite("deliver");
const never = new AbortController().signal;
const REPLY: Signal = { type: "refused", code: "host-busy", message: "full" };

/** A page and some links of the host, with what the page hears and who asked for it. */
async function setUp(relay: TestRelay, count: number) {
  const page = await RelaySocket.open(relay.url, never);
  const links = await Promise.all(
    Array.from({ length: count }, () => RelaySocket.open(relay.url, never)),
  );
  const heard: RelayMessage[] = [];
  page.listeners.add((message) => void heard.push(message));
  const close = () => [page, ...links].forEach((socket) => socket.close());
  return { page, links, heard, close };
}

/** How many signals each connection has sent, its first probe aside. */
function sentBy(relay: TestRelay, links: RelaySocket[]): number[] {
  return links.map(({ connectionId }) =>
    relay.gateway.connections.get(connectionId)!.messagesIn - 1
  );
}

test("deliver() sends once what the relay takes", async () => {
  await using relay = await startTestRelay();
  const { page, links, heard, close } = await setUp(relay, 2);
  relay.register(links[0]!.connectionId);
  await deliver(REPLY, page.connectionId, links[0]!, links);
  assert.equal(heard, [{ kind: "signal", from: undefined, data: REPLY }]);
  assert.equal(sentBy(relay, links), [1, 0]);
  assert.is(links[0]!.listeners.size, 0);
  close();
});

test("deliver() goes on to the next link when the relay knows that one", async () => {
  await using relay = await startTestRelay();
  const { page, links, heard, close } = await setUp(relay, 2);
  relay.register(links[1]!.connectionId);
  await deliver(REPLY, page.connectionId, links[0]!, links);
  assert.is(heard.length, 1);
  assert.equal(sentBy(relay, links), [2, 1]);
  close();
});

test("deliver() leaves out a link that is about to close", async () => {
  await using relay = await startTestRelay();
  const { page, links, heard, close } = await setUp(relay, 2);
  relay.register(links[1]!.connectionId);
  links[0]!.close();
  assert.not(links[0]!.isOpen);
  await deliver(REPLY, page.connectionId, links[0]!, links);
  assert.is(heard.length, 1);
  close();
});

test("deliver() takes the next link where one ends before it can tell", async () => {
  await using relay = await startTestRelay();
  const { page, links, heard, close } = await setUp(relay, 2);
  relay.register(links[1]!.connectionId);
  const delivered = deliver(REPLY, page.connectionId, links[0]!, links);
  links[0]!.close();
  await delivered;
  assert.is(heard.length, 1);
  close();
});

test("deliver() gives up after eight refusals", async () => {
  await using relay = await startTestRelay();
  const { page, links, heard, close } = await setUp(relay, 2);
  relay.register("another");
  await deliver(REPLY, page.connectionId, links[0]!, links);
  assert.equal(heard, []);
  assert.equal(sentBy(relay, links), [4, 4]);
  for (const link of links) assert.is(link.listeners.size, 0);
  close();
});

test("deliver() takes a link that has come meanwhile", async () => {
  await using relay = await startTestRelay();
  const { page, links: [first, next], heard, close } = await setUp(relay, 2);
  relay.register(next!.connectionId);
  const links = new Set([first!]);
  const delivered = deliver(REPLY, page.connectionId, first!, links);
  links.add(next!);
  await delivered;
  assert.is(heard.length, 1);
  close();
});

test("deliver() does nothing without a link", async () => {
  await using relay = await startTestRelay();
  const { page, links: [link], heard, close } = await setUp(relay, 1);
  link!.close();
  await deliver(REPLY, page.connectionId, link!, []);
  assert.equal(heard, []);
  close();
});

test.run();
