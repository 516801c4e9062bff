import * as assert from "uvu/assert";
import { suite } from "../tools/testing/suite.ts";
import type { ErrorCode } from "../wire/error.ts";
import { makeAdmission } from "../wire/signal/admission.ts";
import { MAX_MESSAGE_BYTES } from "../wire/signal/envelope.ts";
import { environmentLookup } from "./registry.ts";
import { type Delivery, relay } from "./relay.ts";

const test = suite("relay");

const HOST = "L0SM9cOFvHcCIhw=";
const PAGE = "PJqB0fHsqRcCHlw=";
const OTHER = "QQq3ddOdIAMCLtw=";

/** A post that was made, and what it said. */
interface Posted {
  to: string;
  text: unknown;
}

/** Lets the relay handle a message, and tells what it posted. */
async function send(
  sender: string,
  body: string | undefined,
  { laptopId = HOST, deliveries = {} }: {
    laptopId?: string;
    /** How posts go, by receiver. @default all are delivered */
    deliveries?: Record<string, Delivery>;
  } = {},
): Promise<Posted[]> {
  const posts: Posted[] = [];
  const result = await relay(
    { kind: "message", connectionId: sender, body },
    { lookup: environmentLookup(laptopId), allowedOrigins: [] },
    (to, text) => {
      posts.push({ to, text: JSON.parse(text) });
      return Promise.resolve(deliveries[to] ?? "delivered");
    },
  );
  assert.equal(result, { statusCode: 200 });
  return posts;
}

function signal(data: unknown, to?: unknown): string {
  return JSON.stringify({ action: "sendSignal", to, data });
}

/** Checks that the sender, and nobody else, was told of one error. */
function assertRefused(
  posts: Posted[],
  sender: string,
  code: ErrorCode,
  to?: string,
): { message: string } {
  assert.is(posts.length, 1, JSON.stringify(posts));
  assert.is(posts[0]!.to, sender);
  const { error, ...rest } = posts[0]!.text as { error: Record<string, unknown> };
  assert.equal(rest, {});
  assert.is(error.code, code);
  assert.is(error.to, to);
  assert.type(error.message, "string");
  return error as { message: string };
}

for (
  const [what, sender, body, receiver, text] of [
    ["a page's message goes to the host", PAGE, signal(1), HOST, { from: PAGE, data: 1 }],
    ["the host's answer goes to the page, without its id", HOST, signal([2], PAGE), PAGE, {
      data: [2],
    }],
    ["a page may ask for its id", PAGE, signal(3, "me"), PAGE, { from: PAGE, data: 3 }],
    ["the host may ask for its id", HOST, signal(4, "me"), HOST, { from: HOST, data: 4 }],
    ["the host may probe itself by the page's way", HOST, signal(5), HOST, {
      from: HOST,
      data: 5,
    }],
    [
      "who sent it is what the gateway says, whatever the body says",
      PAGE,
      JSON.stringify({ action: "sendSignal", from: HOST, data: { from: HOST } }),
      HOST,
      { from: PAGE, data: { from: HOST } },
    ],
    [
      "nobody gets an id that the host made up",
      HOST,
      JSON.stringify({ action: "sendSignal", to: PAGE, from: OTHER, data: 6 }),
      PAGE,
      { data: 6 },
    ],
    [
      "nothing but from and data is forwarded",
      PAGE,
      JSON.stringify({ action: "sendSignal", data: 7, error: {}, message: "x" }),
      HOST,
      { from: PAGE, data: 7 },
    ],
  ] as [string, string, string, string, unknown][]
) {
  test(what, async () => {
    assert.equal(await send(sender, body), [{ to: receiver, text }]);
  });
}

for (
  const [what, sender, to, laptopId] of [
    ["a page that addresses another page", PAGE, OTHER, HOST],
    ["a page that addresses the host by its id", PAGE, HOST, HOST],
    ["a page that addresses itself by its id", PAGE, PAGE, HOST],
    ["a page that addresses somebody before there is a host", PAGE, OTHER, "init"],
    ["a page that addresses init", PAGE, "init", "init"],
    ["a host that was replaced", HOST, PAGE, OTHER],
  ] as const
) {
  test(`${what} is refused with not-allowed`, async () => {
    assertRefused(await send(sender, signal(1, to), { laptopId }), sender, "not-allowed", to);
  });
}

for (
  const [what, body] of [
    ["nothing", ""],
    ["text that is not JSON", "hello"],
    ["JSON cut short", '{"action":"sendSignal","data":'],
    ["10,000 opening brackets", "[".repeat(10_000)],
    ["an array", "[]"],
    ["null", "null"],
    ["a number", "7"],
    ["no action", '{"data":1}'],
    ["an unknown action", '{"action":"shutdown","data":1}'],
    ["no data", '{"action":"sendSignal"}'],
    ["data that is null", '{"action":"sendSignal","data":null}'],
    ["a receiver that is no string", signal(1, 7)],
    ["a receiver that is null", signal(1, null)],
    ["an empty receiver", signal(1, "")],
    ["a receiver of 129 characters", signal(1, "x".repeat(129))],
    ["a binary message", undefined],
  ] as const
) {
  test(`${what} is refused with bad-message`, async () => {
    for (const sender of [PAGE, HOST]) {
      const { message } = assertRefused(await send(sender, body), sender, "bad-message");
      assert.match(message, /^Cannot (parse|forward) /);
    }
  });
}

/** A message whose data is that many arrays, one in the other. */
function nested(depth: number): string {
  return `{"action":"sendSignal","data":${"[".repeat(depth)}${"]".repeat(depth)}}`;
}

test("data that nests is forwarded", async () => {
  const [post, ...others] = await send(PAGE, nested(1000));
  assert.is(post!.to, HOST);
  assert.equal(others, []);
});

test("data that nests too deep for the engine is answered with an error, not an exception", async () => {
  const [post, ...others] = await send(PAGE, nested(8000));
  assert.equal(others, []);
  if (post!.to !== HOST) assertRefused([post!], PAGE, "bad-message");
});

test("a message of 32,000 bytes is forwarded, and one byte more is refused with too-large", async () => {
  const data = "x".repeat(MAX_MESSAGE_BYTES - signal("").length);
  assert.equal(await send(PAGE, signal(data)), [{ to: HOST, text: { from: PAGE, data } }]);
  assertRefused(await send(PAGE, signal(`${data}x`)), PAGE, "too-large");
});

test("data that grows as it is read and written again is refused with too-large", async () => {
  const numbers = Array(6000).fill("1e20").join();
  const text = `{"action":"sendSignal","data":[${numbers}]}`;
  assert.ok(text.length < MAX_MESSAGE_BYTES);
  assertRefused(await send(PAGE, text), PAGE, "too-large");
});

for (const laptopId of ["init", ""]) {
  test(`with ${laptopId || "nobody"} registered, a page is told host-offline and nothing is posted to it`, async () => {
    assertRefused(await send(PAGE, signal(1), { laptopId }), PAGE, "host-offline");
  });
}

for (
  const [delivery, code] of [
    ["gone", "host-offline"],
    ["too-large", "too-large"],
    ["failed", "relay-failed"],
  ] as const
) {
  test(`a post to the host that is ${delivery} is told to the page as ${code}`, async () => {
    const [post, ...answer] = await send(PAGE, signal(1), { deliveries: { [HOST]: delivery } });
    assert.is(post!.to, HOST);
    const { message } = assertRefused(answer, PAGE, code);
    assert.not.match(message, HOST);
  });
}

for (
  const [delivery, code, to] of [
    ["gone", "peer-gone", PAGE],
    ["too-large", "too-large", PAGE],
    ["failed", "relay-failed", PAGE],
  ] as const
) {
  test(`a post to a page that is ${delivery} is told to the host as ${code}`, async () => {
    const [post, ...answer] = await send(HOST, signal(1, PAGE), {
      deliveries: { [PAGE]: delivery },
    });
    assert.is(post!.to, PAGE);
    assertRefused(answer, HOST, code, to);
  });
}

test("an answer that cannot be posted is given up", async () => {
  for (const delivery of ["gone", "failed"] as const) {
    const posts = await send(PAGE, "bad", { deliveries: { [PAGE]: delivery } });
    assert.is(posts.length, 1);
  }
});

for (
  const [what, origin, allowedOrigins, statusCode] of [
    ["a listed origin", "https://a.example", ["https://b.example", "https://a.example"], 200],
    ["no origin, as programs have none", undefined, ["https://a.example"], 200],
    ["no origin where none is listed", undefined, [], 200],
    ["an origin that is not listed", "https://evil.example", ["https://a.example"], 403],
    ["any origin where none is listed", "https://a.example", [], 403],
    ["any origin where an empty one is listed", "https://a.example", [""], 403],
    ["an empty origin", "", ["https://a.example"], 403],
    ["an empty origin, listed", "", [""], 403],
    ["an opaque origin", "null", ["https://a.example"], 403],
    ["another port", "https://a.example:8443", ["https://a.example"], 403],
    ["another scheme", "http://a.example", ["https://a.example"], 403],
    ["a longer name", "https://a.example.evil", ["https://a.example"], 403],
    ["a subdomain", "https://x.a.example", ["https://a.example"], 403],
  ] as [string, string | undefined, string[], number][]
) {
  test(`${statusCode === 200 ? "lets in" : "refuses"} ${what}`, async () => {
    const environment = { lookup: environmentLookup(HOST), allowedOrigins };
    const event = { kind: "connect" as const, connectionId: PAGE, origin, protocols: [] };
    const result = await relay(event, environment, unexpected);
    assert.is(result.statusCode, statusCode);
  });
}

const KEY = "k".repeat(43);
const OLD_KEY = "o".repeat(43);
const SOON = Date.now() / 1000 + 60;

/** The hosts' keys; `moved` has another than the one that is cached. */
const keys: Record<string, string> = { laptop: KEY, public: "open", moved: OLD_KEY, broken: "?" };

/** What a handshake with these subprotocols is answered. */
async function connect(protocols: string[], origin?: string) {
  return await relay(
    { kind: "connect", connectionId: PAGE, origin, protocols },
    {
      lookup: environmentLookup(HOST),
      allowedOrigins: ["https://a.example"],
      admissionKeys: (host, { fresh = false } = {}) =>
        Promise.resolve(fresh && host === "moved" ? KEY : keys[host]),
    },
    unexpected,
  );
}

const selected = { statusCode: 200, headers: { "Sec-WebSocket-Protocol": "lighthouse" } };
const good = `admit.laptop.${await makeAdmission(KEY, "laptop", SOON)}`;
for (
  const [what, protocols, result] of [
    ["a good value", ["lighthouse", good], selected],
    ["the value first", [good, "lighthouse"], selected],
    ["a good value without the subprotocol to select", [good], { statusCode: 200 }],
    ["a value by a key that was written a moment ago", [
      "lighthouse",
      `admit.moved.${await makeAdmission(KEY, "moved", SOON)}`,
    ], selected],
    ["an open host's name", ["lighthouse", "admit.public"], selected],
    ["an open host's name, and any value", [
      "lighthouse",
      `admit.public.${await makeAdmission(OLD_KEY, "public", 1)}`,
    ], selected],
  ] as [string, string[], object][]
) {
  test(`lets in who shows ${what}`, async () => {
    assert.equal(await connect(protocols), result);
  });
}

const long = Array.from({ length: 50 }, (_, at) => `admit.laptop.${String(at).padStart(22, "A")}`);
for (
  const [what, protocols] of [
    ["nothing", []],
    ["the subprotocol without a value", ["lighthouse"]],
    ["the host without a value", ["lighthouse", "admit.laptop"]],
    ["a value that has expired", [
      "lighthouse",
      `admit.laptop.${await makeAdmission(KEY, "laptop", Date.now() / 1000 - 1)}`,
    ]],
    ["a value of another key", [
      "lighthouse",
      `admit.laptop.${await makeAdmission(OLD_KEY, "laptop", SOON)}`,
    ]],
    ["another host's value", [
      "lighthouse",
      `admit.laptop.${await makeAdmission(KEY, "moved", SOON)}`,
    ]],
    ["a good value for another host", ["lighthouse", good.replace("laptop", "broken")]],
    ["a good value for a name that nobody has", ["lighthouse", good.replace("laptop", "none")]],
    ["the name that nobody has", ["lighthouse", "admit.none"]],
    ["a value cut short", ["lighthouse", good.slice(0, -1)]],
    ["a value with more behind it", ["lighthouse", `${good}A`]],
    ["a value with its last bits changed", [
      "lighthouse",
      good.slice(0, -1) + (good.endsWith("A") ? "B" : "A"),
    ]],
    ["a value with a later end", ["lighthouse", good.replace(/\.[^.]{4}([^.]*)$/, ".____$1")]],
    ["a value in other letters", ["lighthouse", good.toUpperCase()]],
    ["a value with signs of another alphabet", ["lighthouse", good.replace(/..$/, "+/")]],
    ["a value beyond ASCII", ["lighthouse", good.replace(/.$/, "é")]],
    ["a malformed host", ["lighthouse", good.replace("laptop", "-laptop")]],
    ["many values, the good one last", ["lighthouse", ...long, good]],
    ["a line feed behind the value", ["lighthouse", `${good}\n`]],
  ] as [string, string[]][]
) {
  test(`refuses who shows ${what}`, async () => {
    assert.equal(await connect(protocols), { statusCode: 401 });
  });
}

test("refuses another site's page, whatever it shows", async () => {
  assert.equal(await connect(["lighthouse", good], "https://evil.example"), { statusCode: 403 });
});

test("forwards hosts' messages of their own route as any other", async () => {
  const body = JSON.stringify({ action: "hostSignal", to: PAGE, data: 1 });
  assert.equal(await send(HOST, body), [{ to: PAGE, text: { data: 1 } }]);
  const [refusal] = await send(OTHER, body);
  assert.is((refusal!.text as { error: { code: string } }).error.code, "not-allowed");
});

test("posts nothing when a connection ends", async () => {
  const environment = { lookup: environmentLookup(HOST), allowedOrigins: [] };
  const result = await relay({ kind: "disconnect", connectionId: PAGE }, environment, unexpected);
  assert.equal(result, { statusCode: 200 });
});

function unexpected(): never {
  throw new Error("Nothing is to be posted");
}

test.run();
