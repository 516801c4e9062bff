import fc from "fast-check";
import * as assert from "uvu/assert";
import { suite } from "../../tools/testing/suite.ts";
import { isSame, pattern } from "../testing/bytes.ts";
import { failureOf } from "../testing/failure.ts";
import { readVectors } from "../testing/read_vectors.ts";
import { fromHex, toHex } from "../testing/vectors.ts";
import {
  encodeClose,
  encodeMessage,
  HEADER,
  isCloseCode,
  MAX_WEBSOCKET_MESSAGE,
  NO_CLOSE_CODE,
  readWebSocket,
  type WebSocketMessage,
} from "./websocket_message.ts";

/** Messages as bytes in hex, blanks between type, length and payload. */
interface Vectors {
  messages: { name: string; hex: string; message: Vector }[];
  /** The close code that the sender is to be told. */
  malformed: { name: string; hex: string; code: number; reason?: string }[];
}

/** A message, its bytes in hex. */
type Vector =
  | { type: "text" | "binary"; data: string }
  | { type: "close"; code: number; reason: string };

const test = suite("websocket message");

const vectors = readVectors<Vectors>("websocket_messages.json");

const utf8 = new TextEncoder();

function encode(vector: Vector): Uint8Array {
  if (vector.type === "close") return encodeClose(vector.code, vector.reason);
  const { type, data } = vector;
  return encodeMessage(type, type === "text" ? utf8.encode(data) : fromHex(data));
}

/** A stream of chunks that ends, or fails. */
function streamOf(chunks: Uint8Array[], error?: Error): ReadableStream<Uint8Array> {
  const rest = [...chunks];
  return new ReadableStream({
    pull(controller) {
      const chunk = rest.shift();
      if (chunk) controller.enqueue(chunk);
      else if (error) controller.error(error);
      else controller.close();
    },
  }, { highWaterMark: 0 });
}

/** Reads the messages of chunks. */
async function decode(
  chunks: Uint8Array[],
  onGrow?: (bytes: number) => void,
): Promise<(Vector | WebSocketMessage)[]> {
  const found: (Vector | WebSocketMessage)[] = [];
  for await (const message of readWebSocket(streamOf(chunks), onGrow)) {
    found.push(
      message.type === "binary" ? { type: "binary", data: toHex(message.data) } : message,
    );
  }
  return found;
}

function joined(parts: Uint8Array[]): Uint8Array {
  return Uint8Array.from(parts.flatMap((part) => [...part]));
}

/** Cuts bytes at some places, which may be the same one. */
function cut(bytes: Uint8Array, places: number[]): Uint8Array[] {
  const sorted = places.map((place) => place % (bytes.length + 1)).sort((a, b) => a - b);
  return [0, ...sorted].map((from, index) => bytes.subarray(from, sorted[index] ?? bytes.length));
}

const messages = fc.array(fc.oneof(
  fc.string({ unit: "binary", maxLength: 300 }).map((data): Vector => ({ type: "text", data })),
  fc.uint8Array({ maxLength: 300 }).map((data): Vector => ({ type: "binary", data: toHex(data) })),
));
const places = fc.array(fc.nat(), { maxLength: 40 });

for (const { name, hex, message } of vectors.messages) {
  test(`${name} is written and read`, async () => {
    assert.is(toHex(encode(message)), hex.replaceAll(" ", ""));
    assert.equal(await decode([fromHex(hex)]), [message]);
  });
}

for (const { name, hex, code, reason } of vectors.malformed) {
  test(`${name} is a fault ${code}, after which nothing is read`, async () => {
    const text = (data: string) => encodeMessage("text", utf8.encode(data));
    const found = await decode([joined([text("before"), fromHex(hex), text("after")])]);
    assert.is(found.length, 2);
    assert.equal(found[0], { type: "text", data: "before" });
    const { type, ...fault } = found[1] as { type: string; code: number; reason: string };
    assert.equal([type, fault.code], ["fault", code]);
    if (reason) assert.is(fault.reason, reason);
    // It fits into the CLOSE that answers it.
    assert.ok(encodeClose(code, fault.reason).length <= HEADER + 125);
  });
}

test("any messages in any chunks are read as they were written", async () => {
  await fc.assert(fc.asyncProperty(messages, places, async (sent, places) => {
    assert.equal(await decode(cut(joined(sent.map(encode)), places)), sent);
  }));
});

test("of any prefix, the messages that are whole are read", async () => {
  await fc.assert(fc.asyncProperty(messages, fc.nat(), async (sent, place) => {
    const parts = sent.map(encode);
    const [prefix] = cut(joined(parts), [place]);
    let length = 0;
    const whole = parts.filter((part) => (length += part.length) <= prefix!.length).length;
    assert.equal(await decode([prefix!]), sent.slice(0, whole));
  }));
});

test("any bytes in any chunks end in a fault at most, and take no more than twice their memory", async () => {
  const almost = fc.tuple(messages, fc.nat(), fc.nat(7)).map(([sent, place, bit]) => {
    const bytes = joined(sent.map(encode));
    if (bytes.length > 0) bytes[place % bytes.length]! ^= 1 << bit;
    return bytes;
  });
  await fc.assert(
    fc.asyncProperty(fc.oneof(fc.uint8Array(), almost), places, async (bytes, places) => {
      let held = 0;
      const found = await decode(cut(bytes, places), (growth) => held += growth);
      assert.ok(held <= 2 * bytes.length, `${held} bytes were held of ${bytes.length}`);
      const last = found.findIndex(({ type }) => type === "fault" || type === "close");
      if (last !== -1) assert.is(last, found.length - 1);
    }),
  );
});

test("a message of 16 MiB is read from small chunks, and its room grows as it arrives", async () => {
  const payload = pattern(MAX_WEBSOCKET_MESSAGE);
  const bytes = encodeMessage("binary", payload);
  const chunks = Array.from(
    { length: bytes.length / 16_000 + 1 },
    (_, index) => bytes.subarray(index * 16_000, (index + 1) * 16_000),
  );
  let [arrived, held] = [0, 0];
  const counted = streamOf(chunks).pipeThrough(
    new TransformStream(
      {
        transform(chunk, controller) {
          arrived += chunk.length;
          controller.enqueue(chunk);
        },
      },
      undefined,
      { highWaterMark: 0 },
    ),
  );
  const found: WebSocketMessage[] = [];
  for await (
    const message of readWebSocket(counted, (growth) => {
      held += growth;
      assert.ok(held <= 2 * arrived, `${held} bytes held of ${arrived}`);
    })
  ) found.push(message);
  const [message] = found as { data: Uint8Array<ArrayBuffer> }[];
  assert.ok(isSame(message!.data, payload));
  assert.is(message!.data.buffer.byteLength, MAX_WEBSOCKET_MESSAGE);
  assert.is(held, HEADER + MAX_WEBSOCKET_MESSAGE);
});

test("a header takes no room for the payload that it announces", async () => {
  let held = 0;
  const header = encodeMessage("binary", new Uint8Array(), MAX_WEBSOCKET_MESSAGE);
  assert.equal(await decode([header], (growth) => held += growth), []);
  assert.is(held, HEADER);
});

test("what the listener to growth throws ends the reading", async () => {
  const error = await failureOf(
    decode([encodeMessage("text", utf8.encode("a"))], () => {
      throw new Error("no room");
    }),
  );
  assert.is(error.message, "no room");
});

test("a message's data is its own: neither the chunk's nor the next message's", async () => {
  const chunk = joined([
    encodeMessage("binary", new Uint8Array([1, 2])),
    encodeMessage("binary", new Uint8Array([3, 4])),
  ]);
  const found: Uint8Array[] = [];
  for await (const message of readWebSocket(streamOf([chunk]))) {
    found.push((message as { data: Uint8Array }).data);
    chunk.fill(9, 0, HEADER + 2);
    found.at(-1)!.fill(8, 1);
  }
  assert.equal(found.map((data) => [...data]), [[1, 8], [3, 8]]);
  assert.is(found[0]!.buffer.byteLength, 2);
});

test("close codes that may travel are those of RFC 6455 and the registry", () => {
  const allowed = Array.from({ length: 65_536 }, (_, code) => code).filter(isCloseCode);
  assert.equal(allowed.slice(0, 13), [
    1000,
    1001,
    1002,
    1003,
    1007,
    1008,
    1009,
    1010,
    1011,
    1012,
    1013,
    1014,
    3000,
  ]);
  assert.is(allowed.length, 12 + 2000);
});

test("readWebSocket() ends with the CLOSE, and leaves later chunks to another reader", async () => {
  const stream = streamOf([
    encodeMessage("text", utf8.encode("a")),
    encodeClose(NO_CLOSE_CODE, ""),
    utf8.encode("rest"),
  ]);
  const found: WebSocketMessage[] = [];
  for await (const message of readWebSocket(stream)) found.push(message);
  assert.equal(found, [
    { type: "text", data: "a" },
    { type: "close", code: NO_CLOSE_CODE, reason: "" },
  ]);
  const { value } = await stream.getReader().read();
  assert.is(new TextDecoder().decode(value), "rest");
});

test("readWebSocket() fails with the stream, after the messages before", async () => {
  const chunks = [encodeMessage("text", utf8.encode("a"))];
  const messages = readWebSocket(streamOf(chunks, new Error("reset")));
  assert.equal((await messages.next()).value, { type: "text", data: "a" });
  assert.is((await failureOf(messages.next())).message, "reset");
});

test.run();
