import { once } from "node:events";
import type { IncomingMessage } from "node:http";
import { text } from "node:stream/consumers";
import { setTimeout as sleep } from "node:timers/promises";
import * as assert from "uvu/assert";
import { WebSocket } from "ws";
import { suite } from "../testing/suite.ts";
import { until } from "../testing/until.ts";
import {
  type Gateway,
  type GatewayActivity,
  type GatewayOptions,
  startGateway,
} from "./gateway_server.ts";

// deno-lint-ignore no-explicit-any
type Json = any;

const test = suite("gateway");
const ID = /^[\w-]{15}=$/;
const SIGNAL = JSON.stringify({ action: "sendSignal", data: "hello" });
const OK = { statusCode: 200 };

/** Starts a gateway with a function as the Lambda; it answers 200 if the function returns nothing. */
async function start(
  handle: (event: Json) => unknown = () => {},
  options: Partial<GatewayOptions> = {},
): Promise<Gateway> {
  return await startGateway({ invoke: async (event) => await handle(event) ?? OK, ...options });
}

/** Opens a WebSocket; rejects if the upgrade is refused. */
async function connect(gateway: Gateway, path = "", origin = "https://page.example") {
  const socket = new WebSocket(gateway.url + path, { origin });
  await once(socket, "open");
  return socket;
}

/** Resolves with the next message as JSON. */
async function nextMessage(socket: WebSocket): Promise<Json> {
  const [data] = await once(socket, "message");
  return JSON.parse(String(data));
}

async function nextClose(socket: WebSocket): Promise<{ code: number; reason: string }> {
  const [code, reason] = await once(socket, "close");
  return { code, reason: String(reason) };
}

/** Resolves with the Lambda's next event of a type. */
function eventOf(eventType: string) {
  const { promise, resolve } = Promise.withResolvers<Json>();
  const handle = (event: Json) => {
    if (event.requestContext.eventType === eventType) resolve(event);
  };
  return { promise, handle };
}

function request(gateway: Gateway, method: string, id: string, body?: string, prefix = "") {
  const path = `${prefix}/@connections/${encodeURIComponent(id)}`;
  return fetch(gateway.endpoint + path, { method, body });
}

function onlyId(gateway: Gateway): string {
  const [id] = gateway.connections.keys();
  return id!;
}

/** Sends one message as frames of the given size. */
function sendFragments(socket: WebSocket, message: string, size: number): void {
  for (let at = 0; at < message.length; at += size) {
    socket.send(message.slice(at, at + size), { fin: at + size >= message.length });
  }
}

test("$connect gets the event that AWS sends, with headers and query", async () => {
  const { promise, handle } = eventOf("CONNECT");
  await using gateway = await start(handle);
  await connect(gateway, "?token=1&token=2");
  const event = await promise;
  const { headers, multiValueHeaders, requestContext } = event;
  assert.is(headers.Origin, "https://page.example");
  assert.equal(multiValueHeaders.Origin, ["https://page.example"]);
  assert.is(headers.Host, `127.0.0.1:${gateway.port}`);
  assert.match(headers["X-Amzn-Trace-Id"], /^Root=1-[0-9a-f]{8}-[0-9a-f]{24}$/);
  assert.not("Upgrade" in headers);
  assert.equal(event.queryStringParameters, { token: "2" });
  assert.equal(event.multiValueQueryStringParameters, { token: ["1", "2"] });
  assert.is(event.isBase64Encoded, false);
  assert.not("body" in event);

  assert.equal(Object.keys(requestContext).sort(), [
    "apiId",
    "connectedAt",
    "connectionId",
    "domainName",
    "eventType",
    "extendedRequestId",
    "identity",
    "messageDirection",
    "requestId",
    "requestTime",
    "requestTimeEpoch",
    "routeKey",
    "stage",
  ]);
  assert.is(requestContext.routeKey, "$connect");
  assert.is(requestContext.messageDirection, "IN");
  assert.is(requestContext.stage, "prod");
  assert.is(requestContext.identity.sourceIp, "127.0.0.1");
  assert.match(requestContext.requestTime, /^\d\d\/[A-Z][a-z]{2}\/\d{4}:\d\d:\d\d:\d\d \+0000$/);
  assert.match(requestContext.connectionId, ID);
  assert.is(requestContext.connectionId, onlyId(gateway));
});

test("the upgrade waits for $connect's answer", async () => {
  const asked = Promise.withResolvers<void>();
  const answer = Promise.withResolvers<object>();
  await using gateway = await start(() => {
    asked.resolve();
    return answer.promise;
  });
  const order: string[] = [];
  const opening = connect(gateway).then(() => order.push("open"));
  await asked.promise;
  assert.is(gateway.connections.size, 0);
  await sleep(20);
  order.push("answered");
  answer.resolve(OK);
  await opening;
  assert.equal(order, ["answered", "open"]);
});

const fail = () => {
  throw new Error("broken");
};
const REFUSALS: [name: string, handle: () => unknown, path: string, status: number][] = [
  ["$connect answers 403", () => ({ statusCode: 403 }), "", 403],
  ["$connect answers 401", () => ({ statusCode: 401 }), "", 401],
  ["$connect answers 500", () => ({ statusCode: 500 }), "", 500],
  ["$connect throws", fail, "", 502],
  ["$connect answers no object", () => "ok", "", 502],
  ["$connect answers no number", () => ({ statusCode: "ok" }), "", 502],
  ["another stage", () => {}, "uction", 403],
];
for (const [name, handle, path, status] of REFUSALS) {
  test(`an upgrade is refused with ${status}: ${name}`, async () => {
    const activities: GatewayActivity[] = [];
    const onActivity = (activity: GatewayActivity) => activities.push(activity);
    await using gateway = await start(handle, { onActivity });
    const socket = new WebSocket(gateway.url + path, { origin: "https://page.example" });
    const [, response] = await once(socket, "unexpected-response") as [unknown, IncomingMessage];
    assert.is(response.statusCode, status);
    assert.match(JSON.parse(await text(response)).connectionId, ID);
    assert.equal(activities, [{ type: "refuse", origin: "https://page.example", status }]);
    assert.is(gateway.counts.refused, 1);
    assert.is(gateway.connections.size, 0);
  });
}

test("a message reaches the Lambda as AWS sends it, without headers", async () => {
  const { promise, handle } = eventOf("MESSAGE");
  await using gateway = await start(handle);
  const socket = await connect(gateway);
  socket.send(SIGNAL);
  const event = await promise;
  assert.equal(Object.keys(event).sort(), ["body", "isBase64Encoded", "requestContext"]);
  assert.is(event.body, SIGNAL);
  assert.is(event.requestContext.routeKey, "sendSignal");
  assert.match(event.requestContext.messageId, ID);
  assert.is(event.requestContext.connectionId, onlyId(gateway));
});

test("the client does not get the Lambda's result for a message", async () => {
  await using gateway = await start(({ requestContext: { eventType } }) =>
    eventType === "MESSAGE" ? { statusCode: 500, body: '"for nobody"' } : OK
  );
  const socket = await connect(gateway);
  const first = nextMessage(socket);
  socket.send(SIGNAL);
  socket.send("no route");
  assert.is((await first).message, "Forbidden");
});

const UNROUTED = [
  '{"action":"other"}',
  '{"action":"$connect"}',
  '{"action":1}',
  "{}",
  "null",
  "[]",
  '"sendSignal"',
  "{",
  "",
];
for (const message of UNROUTED) {
  test(`a message without a route is answered Forbidden: ${message}`, async () => {
    await using gateway = await start();
    const socket = await connect(gateway);
    socket.send(message);
    const reply = await nextMessage(socket);
    assert.is(reply.message, "Forbidden");
    assert.is(reply.connectionId, onlyId(gateway));
    assert.match(reply.requestId, ID);
  });
}

for (const [name, answer] of [["throws", fail], ["answers no object", () => "ok"]] as const) {
  test(`a handler that ${name} is answered Internal server error, and the next works`, async () => {
    let messages = 0;
    const second = Promise.withResolvers<void>();
    await using gateway = await start((event) => {
      if (event.requestContext.eventType !== "MESSAGE") return;
      if (++messages === 1) return answer();
      second.resolve();
    });
    const socket = await connect(gateway);
    socket.send(SIGNAL);
    const reply = await nextMessage(socket);
    assert.is(reply.message, "Internal server error");
    assert.is(reply.connectionId, onlyId(gateway));
    socket.send(SIGNAL);
    await second.promise;
  });
}

test("messages of one connection invoke the Lambda concurrently", async () => {
  const second = Promise.withResolvers<void>();
  const done = Promise.withResolvers<void>();
  let messages = 0;
  await using gateway = await start(async (event) => {
    if (event.requestContext.eventType !== "MESSAGE") return;
    if (++messages === 2) return second.resolve();
    await second.promise;
    done.resolve();
  });
  const socket = await connect(gateway);
  socket.send(SIGNAL);
  socket.send(SIGNAL);
  await done.promise;
});

test("a binary message closes the connection with 1003", async () => {
  await using gateway = await start();
  const socket = await connect(gateway);
  socket.send(Buffer.from(SIGNAL));
  assert.is((await nextClose(socket)).code, 1003);
});

const big = (bytes: number) => SIGNAL.padEnd(bytes, " ");
const SIZES: [name: string, bytes: number, frame: number, code: number | undefined][] = [
  ["a frame of 32 KiB passes", 32 * 1024, 32 * 1024, undefined],
  ["a frame over 32 KiB closes with 1009", 32 * 1024 + 1, 64 * 1024, 1009],
  ["a message of 128 KiB in frames passes", 128 * 1024, 32 * 1024, undefined],
  ["a message over 128 KiB in frames closes with 1009", 128 * 1024 + 1, 32 * 1024, 1009],
];
for (const [name, bytes, frame, code] of SIZES) {
  test(name, async () => {
    const message = eventOf("MESSAGE");
    const end = eventOf("DISCONNECT");
    await using gateway = await start((event) => (message.handle(event), end.handle(event)));
    const socket = await connect(gateway);
    sendFragments(socket, big(bytes), frame);
    if (code) {
      assert.is((await nextClose(socket)).code, code);
      assert.is((await end.promise).requestContext.disconnectStatusCode, code);
    } else {
      assert.is((await message.promise).body.length, bytes);
    }
  });
}

test("an idle connection is closed with 1001, and $disconnect says so", async () => {
  const { promise, handle } = eventOf("DISCONNECT");
  await using gateway = await start(handle, { idleTimeout: 50 });
  const socket = await connect(gateway);
  assert.equal(await nextClose(socket), { code: 1001, reason: "Going away" });
  const { requestContext } = await promise;
  assert.is(requestContext.disconnectStatusCode, 1001);
  assert.is(requestContext.disconnectReason, "Going away");
  assert.is(gateway.connections.size, 0);
});

test("messages in either direction reset the idle timer", async () => {
  await using gateway = await start(undefined, { idleTimeout: 1500 });
  const socket = await connect(gateway);
  const started = performance.now();
  const closing = nextClose(socket);
  await sleep(400);
  socket.send(SIGNAL);
  await sleep(400);
  assert.is((await request(gateway, "POST", onlyId(gateway), "still here")).status, 200);
  await closing;
  assert.ok(performance.now() - started >= 2280);
});

test("a connection is closed with 1001 at the end of its lifetime, idle or not", async () => {
  await using gateway = await start(undefined, { lifetime: 100 });
  const socket = await connect(gateway);
  const timer = setInterval(() => socket.send(SIGNAL), 20);
  const ending = await nextClose(socket);
  clearInterval(timer);
  assert.equal(ending, { code: 1001, reason: "Going away" });
});

const ENDINGS: [code: number | undefined, reason: string, seenCode: number, seenReason: string][] =
  [
    [undefined, "", 1005, "Client-side close frame status not set"],
    [1000, "done", 1000, "done"],
    [4000, "", 4000, ""],
  ];
for (const [code, reason, seenCode, seenReason] of ENDINGS) {
  test(`$disconnect gets the client's close code: ${seenCode}`, async () => {
    const { promise, handle } = eventOf("DISCONNECT");
    await using gateway = await start(handle);
    const socket = await connect(gateway);
    const id = onlyId(gateway);
    socket.close(code, reason);
    const { headers, requestContext } = await promise;
    assert.equal(Object.keys(headers), ["Host", "x-api-key", "X-Forwarded-For", "x-restapi"]);
    assert.is(requestContext.routeKey, "$disconnect");
    assert.is(requestContext.connectionId, id);
    assert.is(requestContext.disconnectStatusCode, seenCode);
    assert.is(requestContext.disconnectReason, seenReason);
  });
}

for (const prefix of ["", "/prod"]) {
  test(`POST ${prefix}/@connections/{id} sends a text message`, async () => {
    await using gateway = await start();
    const socket = await connect(gateway);
    const received = once(socket, "message");
    const response = await request(gateway, "POST", onlyId(gateway), "grüße", prefix);
    assert.is(response.status, 200);
    const [data, isBinary] = await received;
    assert.is(String(data), "grüße");
    assert.is(isBinary, false);
  });
}

test("a post to a connection from within its own $connect is answered 410", async () => {
  const statuses: number[] = [];
  await using gateway = await start(async ({ requestContext }) => {
    if (requestContext.eventType !== "CONNECT") return;
    statuses.push((await request(gateway, "POST", requestContext.connectionId, "early")).status);
  });
  await connect(gateway);
  assert.equal(statuses, [410]);
  assert.is((await request(gateway, "POST", onlyId(gateway), "now")).status, 200);
});

test("POST, GET and DELETE of a closed or unknown connection are answered 410", async () => {
  const { promise, handle } = eventOf("DISCONNECT");
  await using gateway = await start(handle);
  const socket = await connect(gateway);
  const id = onlyId(gateway);
  socket.close();
  await promise;
  for (const gone of [id, "PJqB0fHsqRcCHlw="]) {
    for (const method of ["POST", "GET", "DELETE"]) {
      const response = await request(gateway, method, gone, method === "POST" ? "x" : undefined);
      assert.is(response.status, 410);
      assert.is(response.headers.get("x-amzn-errortype"), "GoneException");
    }
  }
});

for (const id of ["init", "PJqB0fHsqRcCHlw", "PJqB0fHsqRcCHlw==", "PJqB0fHs RcCHlw=", "ä"]) {
  test(`a post to a malformed id is answered 400: ${id}`, async () => {
    await using gateway = await start();
    const response = await request(gateway, "POST", id, "x");
    assert.is(response.status, 400);
    assert.is(response.headers.get("x-amzn-errortype"), "BadRequestException");
    assert.is((await response.json()).message, `Invalid connectionId: ${id}`);
  });
}

for (const path of ["/", "/@connections", "/dev/@connections/x", "/@connections/%zz", "/prod"]) {
  test(`a request for another path is answered 403: ${path}`, async () => {
    await using gateway = await start();
    assert.is((await fetch(gateway.endpoint + path)).status, 403);
  });
}

test("a post may have up to 128 KiB", async () => {
  await using gateway = await start();
  const socket = await connect(gateway);
  const received = once(socket, "message");
  const id = onlyId(gateway);
  const refused = await request(gateway, "POST", id, "x".repeat(128 * 1024 + 1));
  assert.is(refused.status, 413);
  assert.is(refused.headers.get("x-amzn-errortype"), "PayloadTooLargeException");
  assert.is((await request(gateway, "POST", id, "x".repeat(128 * 1024))).status, 200);
  assert.is(String((await received)[0]).length, 128 * 1024);
});

test("GET returns a connection's client, start and last activity", async () => {
  await using gateway = await start();
  await connect(gateway);
  const response = await request(gateway, "GET", onlyId(gateway));
  assert.is(response.status, 200);
  const { connectedAt, identity, lastActiveAt } = await response.json();
  assert.equal(identity, { sourceIp: "127.0.0.1" });
  assert.ok(Date.parse(connectedAt) <= Date.parse(lastActiveAt));
});

test("DELETE closes the connection", async () => {
  await using gateway = await start();
  const socket = await connect(gateway);
  const closing = nextClose(socket);
  assert.is((await request(gateway, "DELETE", onlyId(gateway))).status, 204);
  assert.is((await closing).code, 1000);
});

test("activities and counters include each connection's messages and billed units", async () => {
  const activities: GatewayActivity[] = [];
  const end = eventOf("DISCONNECT");
  await using gateway = await start(async ({ requestContext: { eventType, connectionId } }) => {
    if (eventType === "MESSAGE") await request(gateway, "POST", connectionId, "answer");
    end.handle({ requestContext: { eventType } });
  }, { onActivity: (activity) => activities.push(activity) });
  const socket = await connect(gateway);
  const id = onlyId(gateway);
  const received = once(socket, "message");
  sendFragments(socket, big(40 * 1024), 32 * 1024);
  await received;
  socket.close(1000);
  await end.promise;

  assert.equal(activities.map(({ type }) => type), ["open", "in", "out", "close"]);
  const [, incoming, outgoing, closed] = activities as Json[];
  assert.is(incoming.text, big(40 * 1024));
  assert.is(outgoing.text, "answer");
  assert.is(closed.code, 1000);
  const { connectionId, origin, messagesIn, messagesOut, unitsIn, unitsOut } = closed.connection;
  assert.is(connectionId, id);
  assert.is(origin, "https://page.example");
  assert.equal({ messagesIn, messagesOut }, { messagesIn: 1, messagesOut: 1 });
  assert.equal({ unitsIn, unitsOut }, { unitsIn: 2, unitsOut: 1 });
  const counts = {
    connects: 1,
    refused: 0,
    messagesIn: 1,
    messagesOut: 1,
    unitsIn: 2,
    unitsOut: 1,
  };
  assert.equal(gateway.counts, counts);
});

test("faults.post answers in place of delivering", async () => {
  await using gateway = await start();
  const socket = await connect(gateway);
  gateway.faults.post = (id, body) => id === onlyId(gateway) && body === "lost" ? 429 : undefined;
  const received = once(socket, "message");
  const response = await request(gateway, "POST", onlyId(gateway), "lost");
  assert.is(response.status, 429);
  assert.is(response.headers.get("x-amzn-errortype"), "LimitExceededException");
  assert.is((await request(gateway, "POST", onlyId(gateway), "kept")).status, 200);
  assert.is(String((await received)[0]), "kept");
});

test("faults.dropMessage drops a message before the Lambda", async () => {
  const { promise, handle } = eventOf("MESSAGE");
  await using gateway = await start(handle);
  gateway.faults.dropMessage = (_id, text) => text.includes("lost");
  const socket = await connect(gateway);
  socket.send(JSON.stringify({ action: "sendSignal", data: "lost" }));
  socket.send(SIGNAL);
  assert.is((await promise).body, SIGNAL);
});

test("faults.alter drops, doubles and changes messages in both directions", async () => {
  const { promise, handle } = eventOf("MESSAGE");
  await using gateway = await start(handle);
  gateway.faults.alter = (text) => text.includes("lost") ? [] : [text.replace("x", "y")];
  const socket = await connect(gateway);
  socket.send(JSON.stringify({ action: "sendSignal", data: "lost" }));
  socket.send(JSON.stringify({ action: "sendSignal", data: "x" }));
  assert.is((await promise).body, JSON.stringify({ action: "sendSignal", data: "y" }));
  const received: string[] = [];
  socket.on("message", (data) => received.push(String(data)));
  await request(gateway, "POST", onlyId(gateway), "lost");
  gateway.faults.alter = (text) => [text, text];
  await request(gateway, "POST", onlyId(gateway), "x");
  await until(() => received.length >= 2);
  assert.equal(received, ["x", "x"]);
});

test("faults.delay delays messages in both directions", async () => {
  const { promise, handle } = eventOf("MESSAGE");
  await using gateway = await start(handle);
  gateway.faults.delay = 60;
  const socket = await connect(gateway);
  const started = performance.now();
  socket.send(SIGNAL);
  await promise;
  const arrived = performance.now();
  assert.ok(arrived - started >= 50);
  await request(gateway, "POST", onlyId(gateway), "x");
  assert.ok(performance.now() - arrived >= 50);
});

test("close() ends connections and upgrades, and frees the port", async () => {
  const asked = Promise.withResolvers<void>();
  let connects = 0;
  const gateway = await start(async () => {
    if (++connects === 1) return;
    asked.resolve();
    await new Promise(() => {});
  });
  const socket = await connect(gateway);
  const pending = connect(gateway).catch((error) => error);
  await asked.promise;
  const closing = nextClose(socket);
  await gateway.close();
  assert.is((await closing).code, 1001);
  assert.is((await pending).code, "ECONNRESET");

  await using next = await start(undefined, { port: gateway.port });
  assert.is(next.port, gateway.port);
  assert.is(
    (await start(undefined, { port: next.port }).catch((error) => error)).code,
    "EADDRINUSE",
  );
});

test("a client that does not answer the close frame is cut off", async () => {
  const gateway = await start();
  const socket = await connect(gateway);
  socket.pause();
  await gateway.close();
  assert.is(gateway.connections.size, 0);
  socket.terminate();
});

test.run();
