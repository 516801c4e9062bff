// The bodies of requests, as a backend sees them on its socket.
import * as assert from "uvu/assert";
import { suite } from "../../tools/testing/suite.ts";
import type { HeaderField, HttpRequest } from "../../wire/mod.ts";
import { failureOf } from "../../wire/testing/failure.ts";
import { startRawBackend } from "../testing/raw_backend.ts";
import { Memory } from "../access/memory.ts";
import { forwardTo } from "./forward.ts";

const test = suite("request_body");

const KiB = 1024;

/** A backend that answers when a request has one of the given ends, and its forwarder. */
async function setUp(ends: string[], memory?: Memory) {
  const backend = await startRawBackend((received, socket) => {
    const isWhole = ends.some((end) => received.endsWith(end));
    if (isWhole) socket.end("HTTP/1.1 204 OK\r\n\r\n");
  });
  const service = forwardTo({ prefix: "/", backend: backend.url }, { memory });
  return {
    received: backend.received,
    send: (request: Partial<HttpRequest>, signal = new AbortController().signal) =>
      service.handler(
        { method: "POST", target: "/", headers: [], body: null, ...request },
        { signal, principal: { id: "phone", name: "phone", origin: "https://me.example" } },
      ),
    async [Symbol.asyncDispose]() {
      await service.close();
      await backend[Symbol.asyncDispose]();
    },
  };
}

/** The lines of a request that say where its body ends, and its body. */
function framingOf(received: string): string[] {
  const [head = "", ...body] = received.split("\r\n\r\n");
  const lines = head.split("\r\n").filter((line) => /^(?:content-length|transfer-enc)/i.test(line));
  return [...lines, body.join("\r\n\r\n")];
}

function bodyOf(...parts: string[]): ReadableStream<Uint8Array> {
  return new ReadableStream({
    start(controller) {
      for (const part of parts) controller.enqueue(new TextEncoder().encode(part));
      controller.close();
    },
  });
}

const LENGTH = (text: string): HeaderField[] => [["content-length", text]];

const framed: [what: string, request: Partial<HttpRequest>, framing: string[]][] = [
  ["a known length", { headers: LENGTH("3"), body: bodyOf("abc") }, ["Content-Length: 3", "abc"]],
  ["an unknown length", { body: bodyOf("ab", "", "c") }, ["Content-Length: 3", "abc"]],
  ["an unknown length of 0", { body: bodyOf() }, ["Content-Length: 0", ""]],
  ["empty parts only", { body: bodyOf("", "") }, ["Content-Length: 0", ""]],
  ["a known length of 0", { headers: LENGTH("0"), body: bodyOf() }, ["Content-Length: 0", ""]],
  ["a length of 0 and no body", { headers: LENGTH("0") }, ["Content-Length: 0", ""]],
  ["no body", {}, ["Content-Length: 0", ""]],
  ["no body, PUT", { method: "PUT" }, ["Content-Length: 0", ""]],
  ["no body, PATCH", { method: "PATCH" }, ["Content-Length: 0", ""]],
  ["no body, patch", { method: "patch" }, ["Content-Length: 0", ""]],
  ["no body, DELETE", { method: "DELETE" }, [""]],
  ["no body, delete", { method: "delete" }, [""]],
  ["no body, OPTIONS", { method: "OPTIONS" }, [""]],
  ["no body, GET", { method: "GET" }, [""]],
  ["a length of 0, GET", { method: "GET", headers: LENGTH("0") }, [""]],
  ["a body, DELETE", { method: "DELETE", body: bodyOf("abc") }, ["Content-Length: 3", "abc"]],
  ["a body, PROPFIND", { method: "PROPFIND", body: bodyOf("abc") }, ["Content-Length: 3", "abc"]],
  [
    "Transfer-Encoding of the page's",
    { headers: [["Transfer-Encoding", "chunked"]], body: bodyOf("abc") },
    ["Content-Length: 3", "abc"],
  ],
  [
    "Expect and TE of the page's",
    { headers: [["Expect", "100-continue"], ["TE", "trailers"]], body: bodyOf("abc") },
    ["Content-Length: 3", "abc"],
  ],
];
for (const [what, request, framing] of framed) {
  test(`a request with ${what} reaches the backend with ${JSON.stringify(framing)}`, async () => {
    await using backend = await setUp([framing.at(-1) || "\r\n\r\n"]);
    assert.is((await backend.send(request)).status, 204);
    assert.equal(backend.received.map(framingOf), [framing]);
  });
}

for (const [bytes, isCounted] of [[1024 * KiB, true], [1024 * KiB + 1, false]] as const) {
  const how = isCounted ? "with its length" : "in chunks";
  test(`a body of unknown length and ${bytes} bytes goes out ${how}`, async () => {
    await using backend = await setUp(["end", "end\r\n0\r\n\r\n"]);
    const parts = ["x".repeat(512 * KiB), "x".repeat(bytes - 512 * KiB - 3), "end"];
    assert.is((await backend.send({ body: bodyOf(...parts) })).status, 204);
    const [framing] = framingOf(backend.received[0]!);
    assert.is(framing, isCounted ? `Content-Length: ${bytes}` : "Transfer-Encoding: chunked");
  });
}

test("a long body of unknown length streams", async () => {
  const goOn = Promise.withResolvers<void>();
  await using backend = await setUp(["last\r\n0\r\n\r\n"]);
  let parts = 20;
  const body = new ReadableStream<Uint8Array>({
    async pull(controller) {
      if (parts-- > 0) return controller.enqueue(new Uint8Array(64 * KiB));
      await goOn.promise;
      controller.enqueue(new TextEncoder().encode("last"));
      controller.close();
    },
  });
  const sent = backend.send({ body });
  while (!backend.received[0] || backend.received[0].length < 20 * 64 * KiB) {
    await new Promise(setImmediate);
  }
  goOn.resolve();
  assert.is((await sent).status, 204);
});

const refused: [what: string, method: string, headers: HeaderField[], body: string | null][] = [
  ["GET with a body", "GET", [], "abc"],
  ["GET with a body and its length", "GET", LENGTH("3"), "abc"],
  ["GET with an empty body", "GET", LENGTH("0"), ""],
  ["GET with a length and no body", "GET", LENGTH("3"), null],
  ["get with a body", "get", [], "abc"],
  ["HEAD with a body", "HEAD", [], "abc"],
  ["HEAD with a length", "HEAD", LENGTH("3"), null],
  ["POST with a length and no body", "POST", LENGTH("3"), null],
];
for (const [what, method, headers, text] of refused) {
  test(`${what} is refused, and nothing of it reaches the backend`, async () => {
    await using backend = await setUp([]);
    const body = text === null ? null : bodyOf(text);
    const { code } = await failureOf(backend.send({ method, headers, body }));
    assert.is(code, "bad-request");
    assert.equal(backend.received, []);
  });
}

test("bodies beyond what the host holds are refused with host-busy, and others go on", async () => {
  const memory = new Memory({ own: 0, all: 100, each: 100 });
  await using backend = await setUp(["abc"], memory);
  const endless = new ReadableStream<Uint8Array>({
    start: (controller) => controller.enqueue(new Uint8Array(16 * 1024 + 90)),
  });
  const stop = new AbortController();
  const first = failureOf(backend.send({ body: endless }, stop.signal));
  while (memory.taken < 90) await new Promise(setImmediate);
  const busy = await failureOf(backend.send({ body: bodyOf("x".repeat(16 * 1024 + 20)) }));
  assert.is(busy.code, "host-busy");
  assert.match(busy.message, "holds all the bytes that it can");
  assert.is((await backend.send({ headers: LENGTH("3"), body: bodyOf("abc") })).status, 204);
  stop.abort(new Error("gone"));
  assert.is((await first).message, "gone");
  assert.is((await backend.send({ body: bodyOf("abc") })).status, 204);
  assert.is(memory.taken, 0);
});

test("a request that HTTP does not allow gives its counted body back", async () => {
  const memory = new Memory();
  await using backend = await setUp([], memory);
  const headers: HeaderField[] = [["x y", "1"]];
  assert.is((await failureOf(backend.send({ headers, body: bodyOf("abc") }))).code, "bad-request");
  assert.is(memory.taken, 0);
});

test.run();
