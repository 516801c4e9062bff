// Heads of requests and responses, and messages of WebSockets.
import * as assert from "uvu/assert";
import { encodeHead, readWebSocket, TOKEN, type WebSocketMessage } from "../../../wire/mod.ts";
import { parseRequestHead, parseResponseHead } from "../../../wire/http/http.ts";
import { MAX_WEBSOCKET_MESSAGE } from "../../../wire/http/websocket_message.ts";
import type { HeaderField } from "../../../wire/mod.ts";
import type { Draw } from "../draw.ts";
import { orRefused, type Target } from "../target.ts";

const HEADERS = [["Accept", "*/*"], ["Cookie", "a=b"], ["Content-Length", "3"], ["X-Y", "é"]];
const REQUEST = { method: "POST", target: "/a/b?c=d", headers: HEADERS, body: true };
const RESPONSE = { status: 200, statusText: "OK", headers: HEADERS, body: true };

/** What would end a line of HTTP, or a header. */
const ENDS_LINE = /[\0\r\n]/;

function bytesOf(draw: Draw, value: unknown): Uint8Array {
  const text = JSON.stringify(draw.mutateJson(value)) ?? "";
  return new TextEncoder().encode(draw.chance(0.2) ? draw.mutateText(text) : text);
}

function checkHeaders(headers: HeaderField[]): void {
  for (const [name, value] of headers) {
    assert.match(name, TOKEN);
    assert.not.match(value, ENDS_LINE);
  }
}

export const requestHeads: Target = {
  name: "request-heads",
  invariant:
    "A request's head is refused with bad-request, or holds nothing that ends a line of HTTP.",
  start: () => (draw) => {
    const bytes = bytesOf(draw, draw.chance(0.8) ? REQUEST : draw.json());
    const head = orRefused(() => parseRequestHead(bytes), "bad-request");
    if (!head) return;
    assert.match(head.method, TOKEN);
    assert.ok(head.target.startsWith("/") && !/[\0\r\n\t #\\]/.test(head.target), head.target);
    checkHeaders(head.headers);
    assert.equal(parseRequestHead(encodeHead(head)), head);
  },
};

export const responseHeads: Target = {
  name: "response-heads",
  invariant:
    "A response's head is refused with bad-frame, or makes a Response without an exception.",
  start: () => (draw) => {
    const bytes = bytesOf(draw, draw.chance(0.8) ? RESPONSE : draw.json());
    const head = orRefused(() => parseResponseHead(bytes), "bad-frame");
    if (!head) return;
    checkHeaders(head.headers);
    const { status, statusText, headers } = head;
    new Response(null, { status, statusText, headers });
  },
};

export const webSocketMessages: Target = {
  name: "websocket-messages",
  invariant:
    "Any bytes give messages within their limit, then at most one close or fault, and then the end.",
  start: () => async (draw) => {
    const bytes = new Uint8Array([
      ...draw.list(6, () => {
        const length = draw.chance(0.9) ? draw.below(140) : draw.whole() % 2 ** 32;
        const header = new Uint8Array(5);
        header[0] = draw.chance(0.9) ? draw.pick([1, 2, 8]) : draw.below(256);
        new DataView(header.buffer).setUint32(1, length);
        return [...header, ...draw.bytes(draw.chance(0.9) ? length % 200 : 200)];
      }).flat(),
    ]);
    const cuts = draw.list(5, () => draw.below(bytes.length + 1)).sort((a, b) => a - b);
    const parts = [0, ...cuts].map((start, at) => bytes.subarray(start, cuts[at] ?? bytes.length));
    const readable = new Blob(parts).stream();
    let grown = 0;
    const messages: WebSocketMessage[] = [];
    for await (const message of readWebSocket(readable, (more) => void (grown += more))) {
      messages.push(message);
    }
    assert.ok(grown <= 2 * bytes.length + 5 * messages.length + 5, `${grown} bytes of memory`);
    for (const [at, message] of messages.entries()) {
      const isLast = at === messages.length - 1;
      if (message.type === "close" || message.type === "fault") assert.ok(isLast);
      else assert.ok(message.data.length <= MAX_WEBSOCKET_MESSAGE);
    }
  },
};
