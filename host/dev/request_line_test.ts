import * as assert from "uvu/assert";
import { suite } from "../../tools/testing/suite.ts";
import { withoutColors } from "../../tools/testing/terminal.ts";
import type { Exchange } from "../inspector/exchanges.ts";
import { SeenSocket } from "../inspector/seen_socket.ts";
import { formatBytes } from "../platform/bytes.ts";
import { formatRequest, RequestLog } from "./request_line.ts";

const test = suite("request line");

const EXCHANGE: Exchange = {
  id: 1,
  time: 0,
  principal: { id: "a", name: "Firefox on Android" } as Exchange["principal"],
  method: "GET",
  target: "/notes/list?token=secret",
  headers: [],
  requestBody: null,
  answer: { status: 200, statusText: "OK", headers: [], body: { bytes: 1234 } },
  endAfter: 12.345,
};

function wholeLineOf(changes: Partial<Exchange>, columns?: number): string {
  const record = new RequestLog().take({ ...EXCHANGE, ...changes })!;
  return withoutColors(String(formatRequest(record, columns)));
}

/** The line without its time. */
function lineOf(changes: Partial<Exchange>): string {
  return wholeLineOf(changes).replace(/^\d\d:\d\d:\d\d +/, "");
}

test("a request has a line with all that a developer looks for, and without its query", () => {
  assert.is(lineOf({}), "GET    /notes/list  200  12 ms  1.2 kB  Firefox on Android");
});

test("a request without an answer has its error, and one of a stranger no device", () => {
  const changes = { answer: undefined, failure: "backend-failed", principal: {} as never };
  assert.is(lineOf(changes), "GET    /notes/list  backend-failed  12 ms  0 B  not paired");
  assert.equal(new RequestLog().take({ ...EXCHANGE, ...changes }), {
    method: "GET",
    path: "/notes/list",
    status: null,
    ms: 12.3,
    bytes: 0,
    device: null,
    failure: "backend-failed",
  });
});

test("a request is told once, when it has ended", () => {
  const log = new RequestLog();
  const exchange: Exchange = { ...EXCHANGE, endAfter: undefined };
  assert.is(log.take(exchange), undefined);
  exchange.endAfter = 3;
  assert.is(log.take(exchange)?.ms, 3);
  assert.is(log.take(exchange), undefined);
});

test("a WebSocket is told when it is open, and when it has ended", () => {
  const log = new RequestLog();
  const socket = new SeenSocket();
  const exchange: Exchange = { ...EXCHANGE, endAfter: undefined, answer: undefined, socket };
  assert.is(log.take(exchange), undefined);
  exchange.answer = { status: 101, statusText: "", headers: [], body: null };
  exchange.headAfter = 4;
  const opened = log.take(exchange)!;
  assert.equal([opened.method, opened.status, opened.ms, opened.socket], ["WS", 101, 4, "open"]);
  assert.is(log.take(exchange), undefined);
  socket.add({ from: "page", isBinary: false, data: new Uint8Array(5) }, false);
  socket.add({ from: "backend", isBinary: false, data: new Uint8Array(7) }, false);
  exchange.endAfter = 900;
  const closed = log.take(exchange)!;
  assert.equal([closed.bytes, closed.ms, closed.socket], [12, 900, "closed"]);
  assert.match(withoutColors(String(formatRequest(closed, 80))), /WS {5}\/notes\/list {2}closed/);
  assert.is(log.take(exchange), undefined);
});

test("a WebSocket that is refused is a request with its status", () => {
  const answer = { status: 403, statusText: "", headers: [], body: null };
  assert.is(
    lineOf({ answer, socket: new SeenSocket() }),
    "WS     /notes/list  403  12 ms  0 B  Firefox on Android",
  );
});

test("a long path is cut where the terminal ends", () => {
  const target = `/${"a".repeat(200)}`;
  assert.match(wholeLineOf({ target }), target);
  for (const columns of [80, 100]) {
    const line = wholeLineOf({ target }, columns);
    assert.ok(line.length <= columns && line.length >= columns - 1, line);
    assert.ok(line.endsWith("a…  200  12 ms  1.2 kB  Firefox on Android"));
  }
});

test("what a guest sends cannot act on the terminal", () => {
  assert.match(lineOf({ target: "/\x1b[2J", method: "G\x07" }), "\\u001b[2J");
});

test("bytes have units of a thousand", () => {
  const cases: [number, string][] = [
    [0, "0 B"],
    [999, "999 B"],
    [1000, "1.0 kB"],
    [99_400, "99.4 kB"],
    [123_456, "123 kB"],
    [999_600, "1.0 MB"],
    [5_000_000_000, "5.0 GB"],
  ];
  for (const [bytes, text] of cases) assert.is(formatBytes(bytes), text);
});

test.run();
