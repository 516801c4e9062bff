import { once } from "node:events";
import { request as httpRequest } from "node:http";
import * as assert from "uvu/assert";
import { suite } from "../../tools/testing/suite.ts";
import { type HeaderField, LighthouseError } from "../../wire/mod.ts";
import type { ServiceHandler } from "../proxy/service.ts";
import { type Exchange, Exchanges, MAX_BODY, MAX_EXCHANGES } from "./exchanges.ts";
import { MAX_MESSAGE } from "./seen_socket.ts";
import { startInspector } from "./server.ts";

const test = suite("inspector");

const PHONE = { id: "abc", origin: "https://me.example", name: "phone" };
const never = new AbortController().signal;

/** Answers with the request's body, or as its target says. */
const echo: ServiceHandler = async ({ target, headers, body }) => {
  if (target === "/broken") throw new LighthouseError("backend-failed", "It broke");
  const bytes = new Uint8Array(await new Response(body).arrayBuffer());
  return {
    status: target === "/missing" ? 404 : 200,
    statusText: "OK",
    headers: [["set-cookie", "a=1"], ["x-seen", String(headers.length)]],
    body: target === "/empty" ? null : new Blob([bytes]).stream(),
  };
};

/** The backend of all but `/folder`. */
const sentOf = ({ target, headers }: Exchange) =>
  target === "/folder" ? undefined : { url: new URL(target, "http://127.0.0.1:3000"), headers };

async function setUp() {
  const exchanges = new Exchanges();
  const inspector = await startInspector({ exchanges, handler: echo, sentOf, port: 0 });
  const { origin, hash } = new URL(inspector.url);
  const authorization = `Bearer ${new URLSearchParams(hash.slice(1)).get("token")}`;
  const handler = exchanges.watch(echo);
  return {
    exchanges,
    origin,
    authorization,
    /** What a page asks for, read to its end. */
    async send(target: string, body: string | null = null, headers: HeaderField[] = []) {
      const stream = body === null ? null : new Blob([body]).stream();
      const request = { method: body === null ? "GET" : "POST", target, headers, body: stream };
      const answer = await handler(request, { signal: never, principal: PHONE });
      return await new Response(answer.body).text();
    },
    async ask(method: string, path: string) {
      const response = await fetch(`${origin}/api/${path}`, { method, headers: { authorization } });
      return { status: response.status, value: await response.json() };
    },
    [Symbol.asyncDispose]: () => inspector[Symbol.asyncDispose](),
  };
}

test("what goes through is the same, and is shown with its figures", async () => {
  await using at = await setUp();
  assert.is(await at.send("/notes?a=1", "hello", [["Cookie", "secret=1"], ["X-A", "b"]]), "hello");
  const { status, value } = await at.ask("GET", "exchanges/1");
  assert.is(status, 200);
  const { id, method, target, device, sent, received, headers, answer, headAfter, endAfter } =
    value;
  assert.equal(
    { id, method, target, device, sent, received },
    { id: 1, method: "POST", target: "/notes?a=1", device: "phone", sent: 5, received: 5 },
  );
  assert.equal(headers, [["Cookie", "(hidden, 8 characters)"], ["X-A", "b"]]);
  assert.equal([answer.status, answer.headers[0]], [200, ["set-cookie", "(hidden, 3 characters)"]]);
  assert.equal(value.body, { bytes: 5 });
  assert.ok(endAfter >= headAfter && headAfter >= 0);
});

test("what a terminal would act on is an escape in the JSON, and the same text in the page", async () => {
  await using at = await setUp();
  const target = "/\u202e\x9b31m\u2028";
  await at.send(target, null, [["x-a", target]]);
  const headers = { authorization: at.authorization };
  const text = await (await fetch(`${at.origin}/api/exchanges/1`, { headers })).text();
  assert.not.match(text, /[\p{Cc}\p{Cf}\p{Zl}\p{Zp}]/u);
  const value = JSON.parse(text);
  assert.equal([value.target, value.headers], [target, [["x-a", target]]]);
});

test("a failure is passed on, and shown with its code", async () => {
  await using at = await setUp();
  const failed = await at.send("/broken").then(() => undefined, (error) => error);
  assert.is(failed.code, "backend-failed");
  const { value } = await at.ask("GET", "exchanges/1");
  assert.is(value.failure, "backend-failed");
  assert.is(value.answer, undefined);
});

test("an answer that nobody reads to its end is shown as aborted", async () => {
  await using at = await setUp();
  const handler = at.exchanges.watch(echo);
  const body = new Blob(["x".repeat(1e6)]).stream();
  const request = { method: "POST", target: "/", headers: [], body };
  const answer = await handler(request, { signal: never, principal: PHONE });
  await answer.body!.cancel();
  const { value } = await at.ask("GET", "exchanges/1");
  assert.is(value.failure, "aborted");
});

test("bodies are kept when that is asked for, as far as the bound", async () => {
  await using at = await setUp();
  assert.equal((await at.ask("PUT", "bodies")).value, { keepsBodies: true });
  await at.send("/", "grün");
  const { value } = await at.ask("GET", "exchanges/1");
  assert.equal(value.body, { bytes: 5, kept: 5, text: "grün" });
  assert.equal(value.answer.body, { bytes: 5, kept: 5, text: "grün" });
  await at.send("/", "ü".repeat(MAX_BODY));
  const { value: cut } = await at.ask("GET", "exchanges/2");
  assert.equal([cut.body.bytes, cut.body.kept], [2 * MAX_BODY, MAX_BODY]);
  assert.is(cut.body.text.length, MAX_BODY / 2);
  await at.ask("DELETE", "bodies");
  await at.send("/", "no");
  assert.equal((await at.ask("GET", "exchanges/3")).value.body, { bytes: 2 });
});

test("a request is replayed as it was, with what is not shown", async () => {
  await using at = await setUp();
  await at.ask("PUT", "bodies");
  await at.send("/notes", "hello", [["Cookie", "secret=1"]]);
  const { value: { id } } = await at.ask("POST", "exchanges/1/replay");
  assert.is(id, 2);
  while (at.exchanges.get(2)!.endAfter === undefined) await once(at.exchanges, "exchange");
  const { value } = await at.ask("GET", "exchanges/2");
  assert.equal([value.method, value.target, value.replayOf], ["POST", "/notes", 1]);
  assert.is(value.answer.body.text, "hello");
  assert.is(value.answer.headers[1][1], "1");

  await at.send("/broken").catch(() => {});
  const { value: again } = await at.ask("POST", "exchanges/3/replay");
  assert.is((await at.ask("GET", `exchanges/${again.id}`)).value.failure, "backend-failed");
});

test("what cannot be replayed says why", async () => {
  await using at = await setUp();
  await at.send("/notes", "hello");
  const { status, value } = await at.ask("POST", "exchanges/1/replay");
  assert.is(status, 400);
  assert.match(value.error.message, "was not kept whole");
  assert.match((await at.ask("POST", "exchanges/9/replay")).value.error.message, "No request 9");
});

const utf8 = new TextEncoder();
const live = { method: "GET", target: "/live", headers: [] };

test("a WebSocket is shown with its counts, its messages where they are kept, and its close", async () => {
  await using at = await setUp();
  await at.ask("PUT", "bodies");
  const socket = at.exchanges.watchSocket(live, PHONE);
  socket.answered(101, [["sec-websocket-protocol", "chat"]]);
  socket.message({ from: "page", isBinary: false, data: utf8.encode("grün") });
  socket.message({ from: "backend", isBinary: true, data: Uint8Array.of(1, 2, 3) });
  const open = (await at.ask("GET", "exchanges/1")).value;
  assert.equal([open.status, open.socket, open.endAfter], [
    101,
    { sent: 1, received: 1 },
    undefined,
  ]);
  assert.equal(open.answer.headers, [["sec-websocket-protocol", "chat"]]);
  assert.equal(open.messages.map(({ after: _after, ...message }: { after: number }) => message), [
    { from: "page", bytes: 5, kept: 5, text: "grün" },
    { from: "backend", bytes: 3, kept: 3 },
  ]);
  await at.ask("DELETE", "bodies");
  socket.message({ from: "backend", isBinary: false, data: utf8.encode("more") });
  socket.closed(4001, "Enough");
  const { value } = await at.ask("GET", "exchanges/1");
  assert.equal(value.socket, { sent: 1, received: 2, close: { code: 4001, reason: "Enough" } });
  assert.equal([value.sent, value.received, value.messages.length], [5, 7, 2]);
  assert.ok(value.endAfter >= 0);
});

test("a refused or failed WebSocket says so, and none can be repeated", async () => {
  await using at = await setUp();
  at.exchanges.watchSocket(live, PHONE).answered(403, []);
  at.exchanges.watchSocket(live, PHONE).failed(new LighthouseError("backend-timeout", "It slept"));
  assert.is((await at.ask("GET", "exchanges/1")).value.status, 403);
  assert.is((await at.ask("GET", "exchanges/2")).value.failure, "backend-timeout");
  assert.match(
    (await at.ask("POST", "exchanges/1/replay")).value.error.message,
    /cannot be repeated/,
  );
  assert.is((await at.ask("GET", "exchanges/1/curl")).status, 404);
});

test("of a busy WebSocket the newest messages are kept, up to the bounds", () => {
  const exchanges = new Exchanges();
  exchanges.keepsBodies = true;
  const socket = exchanges.watchSocket(live, PHONE);
  for (let i = 0; i < 3000; i++) {
    socket.message({ from: "page", isBinary: true, data: new Uint8Array(MAX_MESSAGE + 1).fill(i) });
    socket.message({ from: "backend", isBinary: true, data: new Uint8Array() });
  }
  const { counts, messages } = exchanges.get(1)!.socket!;
  assert.equal(counts.page, { messages: 3000, bytes: 3000 * (MAX_MESSAGE + 1) });
  const kept = messages.reduce((sum, message) => sum + message.kept.length, 0);
  assert.ok(kept > 56 * 1024 && kept <= 64 * 1024, `${kept} bytes are kept`);
  assert.is(messages.at(-2)!.kept[0], 2999 % 256);
  assert.is(messages.at(-2)!.kept.length, MAX_MESSAGE);
  // Empty ones count, too.
  for (let i = 0; i < 10_000; i++) {
    socket.message({ from: "page", isBinary: true, data: new Uint8Array() });
  }
  assert.ok(messages.length <= 1024, `${messages.length} are kept`);
});

test("a request is a command for curl, without its secrets", async () => {
  await using at = await setUp();
  await at.send("/notes?a=1", "it's", [["Cookie", "secret=1"], ["X-A", "b c"]]);
  const without = (await at.ask("GET", "exchanges/1/curl")).value;
  assert.equal([without.isWhole, without.without], [false, ["Cookie"]]);
  await at.ask("PUT", "bodies");
  await at.send("/notes?a=1", "it's", [["Cookie", "secret=1"], ["X-A", "b c"]]);
  const { value } = await at.ask("GET", "exchanges/2/curl");
  assert.equal(value, {
    command: "curl 'http://127.0.0.1:3000/notes?a=1' \\\n  --header 'X-A: b c' \\\n" +
      "  --header Content-Type: \\\n  --data-raw 'it'\\''s'",
    without: ["Cookie"],
    isWhole: true,
  });
  await at.send("/folder");
  assert.is((await at.ask("GET", "exchanges/3/curl")).status, 404);
});

test("the newest are remembered, and no more", async () => {
  await using at = await setUp();
  for (let i = 0; i < MAX_EXCHANGES + 5; i++) await at.send("/empty");
  assert.is(at.exchanges.all.length, MAX_EXCHANGES);
  assert.is((await at.ask("GET", "exchanges/5")).status, 404);
  assert.is((await at.ask("GET", "exchanges/6")).status, 200);
});

test("large heads and bodies are remembered up to 16 MiB in all", async () => {
  const exchanges = new Exchanges();
  exchanges.keepsBodies = true;
  const send = exchanges.watch(echo);
  const headers: HeaderField[] = Array.from({ length: 50 }, (_, i) => [`x-${i}`, "x".repeat(1000)]);
  for (let i = 1; i <= 150; i++) {
    const body = new Blob([new Uint8Array(MAX_BODY)]).stream();
    const request = { method: "POST", target: "/", headers, body };
    const answer = await send(request, { signal: never, principal: PHONE });
    await new Response(answer.body).arrayBuffer();
  }
  // Each takes a head of 50 KiB, and its body twice.
  const { all } = exchanges;
  assert.ok(all.length > 80 && all.length < 100, `${all.length} are remembered`);
  assert.is(all.at(-1)!.id, 150);
});

test("who follows gets all that there is, and then what comes", async () => {
  await using at = await setUp();
  await at.send("/first");
  const { origin, authorization } = at;
  const response = await fetch(`${origin}/api/exchanges`, { headers: { authorization } });
  const reader = response.body!.pipeThrough(new TextDecoderStream()).getReader();
  let text = "";
  const until = async (pattern: RegExp) => {
    while (!pattern.test(text)) text += (await reader.read()).value ?? "";
  };
  await until(/"target":"\/first".*"received":0\}\n/);
  await at.send("/second", "abc");
  await until(/"target":"\/second".*"endAfter".*"received":3\}\n/);
  assert.match(text, /^\{"keepsBodies":false\}\n/);
  await reader.cancel();
});

test("nobody gets in without the token, or by another name", async () => {
  await using at = await setUp();
  await at.send("/notes");
  const paths = ["exchanges", "exchanges/1", "nothing"];
  for (const path of paths) {
    for (const authorization of ["", "Bearer ", `${at.authorization}x`, "Basic abc"]) {
      const response = await fetch(`${at.origin}/api/${path}`, { headers: { authorization } });
      assert.is(response.status, 401);
      await response.body?.cancel();
    }
  }
  const { port } = new URL(at.origin);
  for (const host of ["evil.example", `evil.example:${port}`, "127.0.0.1"]) {
    const { authorization } = at;
    const request = httpRequest({ port, path: "/", headers: { host, authorization } });
    request.end();
    const [response] = await once(request, "response");
    response.resume();
    assert.is(response.statusCode, 421, host);
  }
  assert.is((await at.ask("GET", "nothing")).status, 404);
  assert.is((await at.ask("PUT", "exchanges/1/replay")).status, 405);
});

test("the page comes with a policy that lets in its own files alone", async () => {
  await using at = await setUp();
  for (const path of ["/", "/inspector.js", "/inspector.css"]) {
    const response = await fetch(at.origin + path);
    assert.is(response.status, 200);
    assert.match(response.headers.get("content-security-policy")!, /^default-src 'none';/);
    assert.ok((await response.text()).length > 100);
  }
  assert.is((await fetch(`${at.origin}/server.ts`)).status, 401);
});

test("a port that is in use is named", async () => {
  await using at = await setUp();
  const port = Number(new URL(at.origin).port);
  const failed = await startInspector({ exchanges: at.exchanges, handler: echo, sentOf, port })
    .then(() => undefined, (error) => error);
  assert.match(failed.message, `Cannot use --inspect ${port}: the port is in use`);
});

test.run();
