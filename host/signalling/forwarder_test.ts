import * as assert from "uvu/assert";
import { suite } from "../../tools/testing/suite.ts";
import { parseRelayMessage, type Signal } from "../../wire/mod.ts";
import { Forwarder, type ForwardingSocket } from "./forwarder.ts";

const test = suite("forwarder");

function setUp() {
  const sent: string[] = [];
  const events: string[] = [];
  const connections: (ForwardingSocket & { isOpen: boolean })[] = [];
  const open = (name: string) => {
    const connection = {
      isOpen: true,
      send: (data: Signal, to?: string) => {
        sent.push(`${name} ${to} ${data.type === "relayed" ? data.ct : data.type}`);
      },
    };
    connections.push(connection);
    return connection;
  };
  const forwarder = new Forwarder(connections, {
    receive: (from, data) => events.push(`${from} ${(data as { ct: string }).ct}`),
    gone: (from) => events.push(`gone ${from}`),
    throttled: () => events.push("throttled"),
  });
  const take = (value: object, connection: ForwardingSocket) =>
    forwarder.receive(parseRelayMessage(JSON.stringify(value)), connection);
  return { sent, events, open, forwarder, take };
}

test("messages go by the registered connection, also while another follows it", () => {
  const { sent, open, forwarder } = setUp();
  forwarder.send("0", "page");
  const first = open("first");
  forwarder.isRegistered(first);
  forwarder.send("1", "page");
  const second = open("second");
  forwarder.send("2", "page");
  forwarder.isRegistered(second);
  forwarder.send("3", "page");
  second.isOpen = false;
  forwarder.send("4", "page");
  first.isOpen = false;
  forwarder.send("5", "page");
  assert.equal(sent, ["first page 1", "first page 2", "second page 3", "first page 4"]);
});

test("where the relay refuses one connection, the other is used", () => {
  const { sent, open, forwarder, take } = setUp();
  const first = open("first");
  const refusal = { error: { code: "not-allowed", message: "Only the host", to: "page" } };
  forwarder.isRegistered(first);
  // There is no other.
  assert.is(take(refusal, first), false);
  forwarder.send("1", "page");
  const second = open("second");
  take(refusal, second);
  forwarder.send("2", "page");
  take(refusal, first);
  forwarder.send("3", "page");
  // Of messages before the change.
  take(refusal, first);
  forwarder.send("4", "page");
  assert.equal(sent, ["first page 1", "first page 2", "second page 3", "second page 4"]);
});

test("it takes what concerns sessions, and leaves the rest", () => {
  const { events, open, take } = setUp();
  const socket = open("first");
  const relayed = { type: "relayed", v: 1, ct: "AAAA" };
  assert.is(take({ from: "page", data: relayed }, socket), true);
  assert.is(take({ data: relayed }, socket), true);
  assert.is(take({ from: "page", data: { type: "sealed-offer" } }, socket), false);
  assert.is(take({ from: "page", data: 5 }, socket), false);
  take({ error: { code: "peer-gone", message: "It is closed", to: "page" } }, socket);
  take({ error: { code: "peer-gone", message: "It is closed" } }, socket);
  take({ message: "Too Many Requests", connectionId: "x" }, socket);
  take({ message: "Forbidden", connectionId: "x" }, socket);
  assert.equal(events, ["page AAAA", "gone page", "throttled"]);
});

test.run();
