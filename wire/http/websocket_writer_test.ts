import fc from "fast-check";
import * as assert from "uvu/assert";
import { suite } from "../../tools/testing/suite.ts";
import { isSame, pattern } from "../testing/bytes.ts";
import {
  MAX_WEBSOCKET_MESSAGE,
  NO_CLOSE_CODE,
  readWebSocket,
  type WebSocketMessage,
} from "./websocket_message.ts";
import { WebSocketWriter } from "./websocket_writer.ts";

const test = suite("websocket writer");

const utf8 = new TextEncoder();

/** What a writer writes to. */
class Sink {
  readonly chunks: Uint8Array[] = [];
  /** How the stream ended. */
  end: "closed" | "aborted" | undefined;
  readonly writable: WritableStream<Uint8Array>;
  #held: Promise<void> | undefined;
  #controller!: WritableStreamDefaultController;

  constructor() {
    this.writable = new WritableStream({
      start: (controller) => {
        this.#controller = controller;
      },
      write: async (chunk) => {
        await this.#held;
        this.chunks.push(chunk);
      },
      close: () => {
        this.end = "closed";
      },
      abort: () => {
        this.end = "aborted";
      },
    });
  }

  /** Keeps writes waiting until the returned function is called. */
  hold(): () => void {
    const { promise, resolve } = Promise.withResolvers<void>();
    this.#held = promise;
    return () => {
      this.#held = undefined;
      resolve();
    };
  }

  fail(error: Error): void {
    this.#controller.error(error);
  }

  /** The written messages, as the other end reads them. */
  async messages(): Promise<WebSocketMessage[]> {
    const bytes = new Blob(this.chunks as BlobPart[]).stream();
    const found: WebSocketMessage[] = [];
    for await (const message of readWebSocket(bytes)) found.push(message);
    return found;
  }
}

function setUp() {
  const sink = new Sink();
  return { sink, writer: new WebSocketWriter(sink.writable) };
}

test("messages and Blobs arrive in the order in which they were sent", async () => {
  const { sink, writer } = setUp();
  writer.send("text", utf8.encode("a"));
  writer.send("binary", new Blob(["blob"]));
  writer.send("text", utf8.encode(""));
  writer.send("binary", new Uint8Array([1]));
  writer.send("binary", new Blob([]));
  await writer.idle;
  assert.equal(await sink.messages(), [
    { type: "text", data: "a" },
    { type: "binary", data: utf8.encode("blob") },
    { type: "text", data: "" },
    { type: "binary", data: new Uint8Array([1]) },
    { type: "binary", data: new Uint8Array() },
  ]);
  assert.is(sink.end, undefined);
});

test("any messages arrive, however many wait together", async () => {
  const sizes = fc.array(fc.oneof(fc.nat(100), fc.nat(40_000)), { maxLength: 30 });
  await fc.assert(
    fc.asyncProperty(sizes, async (sizes) => {
      const { sink, writer } = setUp();
      const payloads = sizes.map((size, index) => pattern(size, index + 1));
      for (const payload of payloads) writer.send("binary", payload);
      await writer.idle;
      const received = (await sink.messages()).map((message) =>
        (message as { data: Uint8Array }).data
      );
      assert.equal(received.map(({ length }) => length), sizes);
      assert.ok(received.every((data, index) => isSame(data, payloads[index]!)));
    }),
    { numRuns: 30 },
  );
});

test("small messages that wait travel together, in chunks of at most 16 KiB", async () => {
  const { sink, writer } = setUp();
  for (let i = 0; i < 1000; i++) writer.send("text", utf8.encode(`message ${i}`));
  await writer.idle;
  assert.is((await sink.messages()).length, 1000);
  assert.ok(sink.chunks.length < 5, `${sink.chunks.length} chunks`);
  assert.ok(sink.chunks.every(({ length }) => length <= 16 * 1024));
});

test("bytes are those at the time of send()", async () => {
  const { sink, writer } = setUp();
  const release = sink.hold();
  const bytes = new Uint8Array([1, 2, 3]);
  writer.send("binary", bytes);
  writer.send("binary", bytes.subarray(1));
  bytes.fill(9);
  release();
  await writer.idle;
  assert.equal(await sink.messages(), [
    { type: "binary", data: new Uint8Array([1, 2, 3]) },
    { type: "binary", data: new Uint8Array([2, 3]) },
  ]);
});

test("`buffered` counts payload bytes until the stream has taken them", async () => {
  const { sink, writer } = setUp();
  const release = sink.hold();
  assert.is(writer.buffered, 0);
  writer.send("text", utf8.encode("é"));
  writer.send("binary", new Blob(["abc"]));
  writer.send("binary", new Uint8Array(20_000));
  assert.is(writer.buffered, 20_005);
  await new Promise((resolve) => setTimeout(resolve));
  assert.is(writer.buffered, 20_005);
  release();
  await writer.idle;
  assert.is(writer.buffered, 0);
});

test("a message that is longer than any end takes is sent as its header only", async () => {
  const tooLarge = new Uint8Array(MAX_WEBSOCKET_MESSAGE + 1);
  for (const data of [tooLarge, new Blob([tooLarge])]) {
    const { sink, writer } = setUp();
    writer.send("binary", data);
    assert.is(writer.buffered, MAX_WEBSOCKET_MESSAGE + 1);
    await writer.idle;
    const [message] = await sink.messages() as { code?: number }[];
    assert.is(message!.code, 1009);
    assert.is(sink.chunks[0]!.length, 5);
  }
});

test("close() sends what waits, then a CLOSE, and ends; nothing is sent after it", async () => {
  const { sink, writer } = setUp();
  writer.send("binary", new Blob(["first"]));
  writer.close(3000, "done");
  writer.send("text", utf8.encode("late"));
  writer.close(1000);
  await writer.idle;
  assert.equal(await sink.messages(), [
    { type: "binary", data: utf8.encode("first") },
    { type: "close", code: 3000, reason: "done" },
  ]);
  assert.is(sink.end, "closed");
  assert.is(writer.buffered, 0);
});

test("close() without a code sends a CLOSE without one", async () => {
  const { sink, writer } = setUp();
  writer.close();
  await writer.idle;
  assert.equal(await sink.messages(), [{ type: "close", code: NO_CLOSE_CODE, reason: "" }]);
});

test("end() sends what waits, and ends without a CLOSE", async () => {
  const { sink, writer } = setUp();
  writer.send("text", utf8.encode("a"));
  writer.end();
  await writer.idle;
  assert.equal(await sink.messages(), [{ type: "text", data: "a" }]);
  assert.is(sink.end, "closed");
});

test("abandon() ends a stream into which all was written", async () => {
  const { sink, writer } = setUp();
  writer.send("text", utf8.encode("a"));
  await writer.idle;
  writer.abandon();
  await writer.idle;
  assert.is(sink.end, "closed");
});

test("abandon() aborts a stream in the middle of a message", async () => {
  const { sink, writer } = setUp();
  const release = sink.hold();
  writer.send("binary", new Uint8Array(1_000_000));
  writer.abandon();
  release();
  await writer.idle;
  assert.is(sink.end, "aborted");
});

test("abandon() after close() leaves the end as it is", async () => {
  const { sink, writer } = setUp();
  writer.close(1000);
  await writer.idle;
  writer.abandon();
  await writer.idle;
  assert.equal(await sink.messages(), [{ type: "close", code: 1000, reason: "" }]);
  assert.is(sink.end, "closed");
});

test("a stream that fails leaves `buffered` as it was, and `idle` resolves", async () => {
  const { sink, writer } = setUp();
  const release = sink.hold();
  writer.send("binary", new Uint8Array(100));
  writer.send("binary", new Blob(["abc"]));
  sink.fail(new Error("reset"));
  release();
  await writer.idle;
  assert.is(writer.buffered, 103);
  writer.send("text", utf8.encode("x"));
  await writer.idle;
  assert.is(writer.buffered, 104);
});

test("a Blob that cannot be read aborts the stream", async () => {
  const { sink, writer } = setUp();
  const blob = new Blob(["abc"]);
  blob.arrayBuffer = () => Promise.reject(new DOMException("gone", "NotReadableError"));
  writer.send("binary", blob);
  await writer.idle;
  assert.is(sink.end, "aborted");
});

test.run();
