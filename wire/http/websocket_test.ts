import * as assert from "uvu/assert";
import { suite } from "../../tools/testing/suite.ts";
import { LighthouseError } from "../error.ts";
import type { Session } from "../session/session.ts";
import type { Stream } from "../session/stream.ts";
import { failureOf } from "../testing/failure.ts";
import { connectSessions, untilIdle } from "../testing/session_pair.ts";
import { type HeaderField, type HttpRequest, serveRequest, type UpgradeHandler } from "./http.ts";
import {
  acceptWebSocket,
  openWebSocket,
  protocolsOf,
  refuseWebSocket,
  type WebSocketOpening,
} from "./websocket.ts";
import { readWebSocket, type WebSocketMessage } from "./websocket_message.ts";
import { WebSocketWriter } from "./websocket_writer.ts";

const test = suite("websocket");

/** What a test has of a page that is connected to a host. */
interface Bridge {
  page: Session;
  open(opening?: Partial<WebSocketOpening>, signal?: AbortSignal): ReturnType<typeof openWebSocket>;
}

/** Connects a page with a host. No stream may be left after `use`. */
async function withBridge(
  onUpgrade: UpgradeHandler | undefined,
  use: (bridge: Bridge) => Promise<void>,
): Promise<void> {
  const handler = () =>
    Promise.resolve({ status: 426, statusText: "Upgrade Required", headers: [], body: null });
  const { page, host } = await connectSessions({
    host: { onStream: (stream) => void serveRequest(stream, handler, onUpgrade) },
  });
  try {
    await use({
      page,
      open: (opening, signal = new AbortController().signal) =>
        openWebSocket(page, { target: "/", headers: [], protocols: [], ...opening }, signal),
    });
    await untilIdle(page, host);
  } finally {
    page.close();
    await host.closed;
  }
}

/** Sends each message back, and closes as the other end does. */
async function echo(stream: Stream): Promise<void> {
  const writer = new WebSocketWriter(stream.writable);
  for await (const message of readWebSocket(stream.readable)) {
    if (message.type === "text") writer.send("text", new TextEncoder().encode(message.data));
    else if (message.type === "binary") writer.send("binary", message.data);
    else writer.close(message.code, message.reason);
  }
}

test("an opening arrives as it was sent, is accepted, and carries messages both ways", async () => {
  let seen: Omit<HttpRequest, "body"> | undefined;
  await withBridge(async (request, stream) => {
    seen = request;
    acceptWebSocket(stream, "b");
    await echo(stream);
  }, async ({ open }) => {
    const headers: HeaderField[] = [["origin", "https://example.com"]];
    const { stream, protocol } = await open({ target: "/a?b", headers, protocols: ["a", "b"] });
    assert.is(protocol, "b");
    assert.equal(seen, {
      method: "GET",
      target: "/a?b",
      headers: [...headers, ["sec-websocket-protocol", "a, b"]],
    });
    assert.equal(protocolsOf(seen!.headers), ["a", "b"]);

    const writer = new WebSocketWriter(stream.writable);
    writer.send("text", new TextEncoder().encode("hé"));
    writer.send("binary", new Uint8Array(600_000).fill(7));
    writer.close(3000, "done");
    const found: WebSocketMessage[] = [];
    for await (const message of readWebSocket(stream.readable)) found.push(message);
    assert.equal(found, [
      { type: "text", data: "hé" },
      { type: "binary", data: new Uint8Array(600_000).fill(7) },
      { type: "close", code: 3000, reason: "done" },
    ]);
  });
});

test("an opening without subprotocols has no field for them, and is answered without one", async () => {
  let seen: HeaderField[] | undefined;
  await withBridge(async ({ headers }, stream) => {
    seen = headers;
    acceptWebSocket(stream, "");
    await echo(stream);
  }, async ({ open }) => {
    const { stream, protocol } = await open();
    assert.equal(seen, []);
    assert.is(protocol, "");
    new WebSocketWriter(stream.writable).close();
    for await (const message of readWebSocket(stream.readable)) assert.is(message.type, "close");
  });
});

test("a refusal fails the opening with the status, and ends the stream", async () => {
  await withBridge(async (_request, stream) => {
    await Promise.resolve();
    refuseWebSocket(stream, 404, "Not Found");
  }, async ({ open }) => {
    const error = await failureOf(open());
    assert.is(error.code, "backend-failed");
    assert.match(error.message, /404 Not Found/);
  });
});

test("a host that does not go over to WebSocket answers by its handler", async () => {
  await withBridge(undefined, async ({ open }) => {
    assert.match((await failureOf(open())).message, /426 Upgrade Required/);
  });
});

test("what the host throws fails the opening", async () => {
  const refusal = new LighthouseError("backend-unreachable", "Is it running?");
  await withBridge(() => Promise.reject(refusal), async ({ open }) => {
    const error = await failureOf(open());
    assert.equal([error.code, error.message], [refusal.code, refusal.message]);
  });
});

test("an answer that is no response fails the opening with bad-frame", async () => {
  await withBridge((_request, stream) => {
    stream.sendHead(new TextEncoder().encode('{"status":100,"headers":[]}'));
    return Promise.resolve();
  }, async ({ open }) => {
    assert.is((await failureOf(open())).code, "bad-frame");
  });
});

test("an opening that is aborted before its answer resets the stream", async () => {
  const reached = Promise.withResolvers<Stream>();
  await withBridge((_request, stream) => {
    reached.resolve(stream);
    return Promise.resolve();
  }, async ({ open }) => {
    const abort = new AbortController();
    const failed = failureOf(open({}, abort.signal));
    const stream = await reached.promise;
    const reason = new LighthouseError("aborted", "no longer wanted");
    abort.abort(reason);
    assert.is(await failed, reason);
    await stream.closed;
    assert.is((stream.signal.reason as LighthouseError).code, "aborted");
  });
});

test("an opening that was aborted before opens no stream", async () => {
  await withBridge(undefined, async ({ open, page }) => {
    const failed = failureOf(open({}, AbortSignal.abort(new Error("early"))));
    assert.is(page.streams, 0);
    assert.is((await failed).message, "early");
  });
});

test("a head that is too large fails the opening, and opens no stream", async () => {
  await withBridge(undefined, async ({ open, page }) => {
    assert.is((await failureOf(open({ target: `/${"a".repeat(70_000)}` }))).code, "too-large");
    assert.is(page.streams, 0);
  });
});

test("protocolsOf() reads one field or several, as RFC 6455 §11.3.4 allows", () => {
  const headers: HeaderField[] = [
    ["Sec-WebSocket-Protocol", "a,b"],
    ["x", "y"],
    ["sec-websocket-protocol", " c ,, d "],
  ];
  assert.equal(protocolsOf(headers), ["a", "b", "c", "d"]);
});

test.run();
