import * as assert from "uvu/assert";
import { suite } from "../../tools/testing/suite.ts";
import { MAX_HEAD } from "../../wire/mod.ts";
import { thrownBy } from "../../wire/testing/failure.ts";
import { parseFromKeyFrame, parseToKeyFrame } from "./key_messages.ts";

const test = suite("key_messages");

const { port1: port } = new MessageChannel();
const head = new Uint8Array(3);

const taken: unknown[] = [
  { lighthouse: "connect" },
  { lighthouse: "connect", name: "Phone" },
  { lighthouse: "renew" },
  { lighthouse: "close" },
  { lighthouse: "link", id: 1, fragment: "#lighthouse=a" },
  { lighthouse: "forget", id: 1 },
  { lighthouse: "stats", id: 1 },
  { lighthouse: "look", id: 1 },
  { lighthouse: "open", head, port },
];
for (const message of taken) {
  const { lighthouse } = message as { lighthouse: string };
  test(`the frame takes ${lighthouse}, without what it does not know`, () => {
    assert.equal(parseToKeyFrame({ ...message as object, more: 1 }), message);
  });
}

const refused: [what: string, message: unknown][] = [
  ["nothing", null],
  ["a text", "connect"],
  ["a list", ["connect"]],
  ["another kind", { lighthouse: "devices" }],
  ["a name that is too long", { lighthouse: "connect", name: "a".repeat(1000) }],
  ["a name that is no text", { lighthouse: "connect", name: {} }],
  ["a link without an id", { lighthouse: "link", fragment: "#lighthouse=a" }],
  ["a link without a text", { lighthouse: "link", id: 1 }],
  ["a link that is too long", { lighthouse: "link", id: 1, fragment: "a".repeat(100_000) }],
  ["an id that is no integer", { lighthouse: "forget", id: 0.5 }],
  ["a stream without a port", { lighthouse: "open", head }],
  ["a stream with something else as its port", { lighthouse: "open", head, port: {} }],
];
for (const [what, message] of refused) {
  test(`the frame refuses ${what}`, () => {
    assert.instance(thrownBy(() => parseToKeyFrame(message)), TypeError);
  });
}

for (const bad of [new Uint8Array(MAX_HEAD + 1), "GET", new ArrayBuffer(1)]) {
  test(`the frame closes the port of a stream whose head is ${bad.constructor.name}`, async () => {
    const { port1, port2 } = new MessageChannel();
    const closed = new Promise((resolve) => port2.addEventListener("close", resolve));
    const parse = () => parseToKeyFrame({ lighthouse: "open", head: bad, port: port1 });
    assert.instance(thrownBy(parse), TypeError);
    await closed;
  });
}

test("the page takes states and outcomes", () => {
  const device = { id: "1", name: "Phone" };
  for (
    const message of [
      { lighthouse: "state", state: "connected", reason: "Connected", device },
      { lighthouse: "state", state: "failed", reason: "No", code: "not-paired" },
      {
        lighthouse: "state",
        state: "connected",
        reason: "Connected",
        networks: { page: { way: "relayed" }, host: { stun: "silent" } },
      },
      { lighthouse: "done", id: 1, error: { code: "bad-link", message: "No" } },
      { lighthouse: "done", id: 1, stats: undefined },
    ]
  ) assert.equal(parseFromKeyFrame(message), message);
});

test("of a newer frame's networks, the page takes what it knows", () => {
  const networks = { page: "none", host: { stun: "silent", moon: "full" }, more: 1 };
  const state = { lighthouse: "state", state: "connected", reason: "Connected", networks };
  assert.equal(parseFromKeyFrame(state), {
    ...state,
    networks: { page: {}, host: { stun: "silent" } },
  });
});

test("a code of a newer frame shows as a failed connection", () => {
  const state = { lighthouse: "state", state: "failed", reason: "No", code: "of-the-future" };
  assert.equal(parseFromKeyFrame(state), { ...state, code: "connection-failed" });
});

for (
  const message of [
    null,
    { lighthouse: "state", state: "happy", reason: "Yes" },
    { lighthouse: "state", state: "failed" },
    { lighthouse: "done" },
    { lighthouse: "other" },
  ]
) {
  test(`the page refuses ${JSON.stringify(message)}`, () => {
    assert.instance(thrownBy(() => parseFromKeyFrame(message)), TypeError);
  });
}

test.after(() => port.close());
test.run();
