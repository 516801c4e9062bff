import * as assert from "uvu/assert";
import { seededRandom } from "../../tools/testing/random.ts";
import { suite } from "../../tools/testing/suite.ts";
import { until } from "../../tools/testing/until.ts";
import { isSame, pattern } from "../testing/bytes.ts";
import { fromHex, toHex } from "../testing/vectors.ts";
import { type ByteStream, StripedChannel } from "./striped_channel.ts";

const test = suite("striped channel");

/** One stream, whose other end is the test. */
class FakeStream implements ByteStream {
  readonly written: Uint8Array[] = [];
  readonly readable: ByteStream["readable"];
  readonly writable: ByteStream["writable"];
  #controller!: ReadableStreamDefaultController<Uint8Array<ArrayBuffer>>;
  #waiting: PromiseWithResolvers<void>[] = [];

  /** @param isSlow Whether what is written stays in its queue until `drain`. */
  constructor({ isSlow = false } = {}) {
    this.readable = new ReadableStream({
      start: (controller) => void (this.#controller = controller),
    });
    this.writable = new WritableStream({
      write: (bytes) => {
        this.written.push(bytes);
        if (!isSlow) return;
        const waiting = Promise.withResolvers<void>();
        this.#waiting.push(waiting);
        return waiting.promise;
      },
      abort: () => {},
    });
  }

  get hex(): string {
    return this.written.map(toHex).join("");
  }

  receive(bytes: Uint8Array<ArrayBuffer>): void {
    this.#controller.enqueue(bytes);
  }

  end(): void {
    this.#controller.close();
  }

  fail(): void {
    this.#controller.error(new Error("The transport ended"));
  }

  /** Takes what was written, or refuses it. */
  drain(error?: Error): void {
    for (const { resolve, reject } of this.#waiting.splice(0)) error ? reject(error) : resolve();
  }
}

/** A channel over some streams, and what it reports. */
function setUp(count: number, options?: { isSlow: boolean }) {
  const streams = Array.from({ length: count }, () => new FakeStream(options));
  const received: Uint8Array[] = [];
  const ends: string[] = [];
  const channel = new StripedChannel(streams, () => ends.push("transport"));
  channel.onmessage = (message) => received.push(message as Uint8Array);
  channel.onclose = () => ends.push("channel");
  return { channel, streams, received, ends };
}

/** A message behind its length. */
function framed(message: Uint8Array): Uint8Array<ArrayBuffer> {
  const bytes = new Uint8Array(4 + message.length);
  new DataView(bytes.buffer).setUint32(0, message.length);
  bytes.set(message, 4);
  return bytes;
}

const join = (parts: Uint8Array[]) => new Uint8Array(parts.flatMap((part) => [...part]));

test("a message goes behind its length, most significant byte first", async () => {
  const { channel, streams } = setUp(1);
  channel.send(fromHex("0a0b0c"));
  channel.send(new Uint8Array(258));
  await until(() => streams[0]!.written.length === 2);
  assert.is(streams[0]!.hex, `000000030a0b0c00000102${"00".repeat(258)}`);
});

test("the caller may use the bytes of a message again", async () => {
  const { channel, streams } = setUp(1);
  const message = fromHex("0102");
  channel.send(message);
  message.fill(9);
  await until(() => streams[0]!.written.length === 1);
  assert.is(streams[0]!.hex, "000000020102");
});

for (let size = 1; size <= 14; size++) {
  test(`messages are put together from pieces of ${size} bytes`, async () => {
    const { streams, received } = setUp(1);
    const messages = ["", "01", "020304", "", "0506070809"].map(fromHex);
    const bytes = join(messages.map(framed));
    for (let at = 0; at < bytes.length; at += size) {
      streams[0]!.receive(bytes.slice(at, at + size));
    }
    await until(() => received.length === messages.length);
    assert.equal(received.map(toHex), messages.map(toHex));
  });
}

test("messages arrive whole over several streams, wherever each of these is cut", async () => {
  const random = seededRandom(7);
  const { streams, received } = setUp(3);
  const sent = streams.map((_, stream) =>
    Array.from({ length: 40 }, (_, at) => pattern(Math.floor(random() * 3000), stream * 100 + at))
  );
  const left = sent.map((messages) => join(messages.map(framed)));
  while (left.some(({ length }) => length > 0)) {
    const stream = Math.floor(random() * 3);
    const size = Math.floor(random() * 5000);
    if (left[stream]!.length === 0) continue;
    streams[stream]!.receive(left[stream]!.slice(0, size));
    left[stream] = left[stream]!.slice(size);
  }
  await until(() => received.length === 120);
  for (const messages of sent) {
    // Those of a stream keep their order.
    const own = received.filter((message) => messages.some((one) => isSame(one, message)));
    assert.ok(messages.every((message, at) => isSame(message, own[at]!)));
  }
});

test("a message has 64 KiB at most: a longer one closes the channel before it is there", async () => {
  const { streams, received, ends } = setUp(2);
  streams[0]!.receive(framed(new Uint8Array(65_536)));
  await until(() => received.length === 1);
  assert.is(received[0]!.length, 65_536);
  assert.equal(ends, []);
  streams[1]!.receive(fromHex("00010001"));
  await until(() => ends.length > 0);
  assert.equal(ends, ["transport", "channel"]);
});

test("a length that is too long closes the channel also where it comes in pieces", async () => {
  const { streams, ends } = setUp(1);
  for (const piece of ["ff", "ffff", "ff"]) streams[0]!.receive(fromHex(piece));
  await until(() => ends.length > 0);
  assert.equal(ends, ["transport", "channel"]);
});

test("each message goes into the stream in which the fewest bytes wait", async () => {
  const { channel, streams } = setUp(3, { isSlow: true });
  for (const size of [100, 10, 50, 20, 30]) channel.send(new Uint8Array(size));
  assert.is(channel.bufferedAmount, 210 + 5 * 4);
  await until(() => streams.every(({ written }) => written.length === 1));
  assert.equal(streams.map(({ written }) => written[0]!.length), [104, 14, 54]);
  for (let i = 0; i < 3; i++) {
    streams[1]!.drain();
    await until(() => streams[1]!.written.length === Math.min(3, i + 2));
  }
  // 20 behind 10, which makes 38 with 30 behind them.
  assert.equal(streams[1]!.written.map(({ length }) => length), [14, 24, 34]);
  await until(() => channel.bufferedAmount === 104 + 54);
});

test("bytes are counted in both directions, with the lengths", async () => {
  const { channel, streams, received } = setUp(2);
  channel.send(new Uint8Array(10));
  channel.send(new Uint8Array(5));
  streams[0]!.receive(framed(new Uint8Array(7)));
  streams[1]!.receive(fromHex("000000"));
  await until(() => channel.bytesReceived === 14);
  assert.is(channel.bytesSent, 23);
  assert.is(received.length, 1);
});

for (
  const [what, act] of [
    ["the end of one stream", (stream: FakeStream) => stream.end()],
    ["a stream that fails", (stream: FakeStream) => stream.fail()],
    ["a stream that takes nothing more", (stream: FakeStream) => stream.drain(new Error("Reset"))],
  ] as const
) {
  test(`${what} closes all, once`, async () => {
    const { channel, streams, ends } = setUp(2, { isSlow: true });
    channel.send(new Uint8Array(1));
    await until(() => streams[0]!.written.length === 1);
    act(streams[0]!);
    await until(() => ends.length > 0);
    streams[1]!.end();
    channel.close();
    await new Promise((resolve) => setTimeout(resolve, 0));
    assert.equal(ends, ["transport", "channel"]);
  });
}

test("after the close nothing is sent, and nothing more is received", async () => {
  const { channel, streams, received, ends } = setUp(1);
  channel.onmessage = (message) => {
    received.push(message as Uint8Array);
    channel.close();
  };
  streams[0]!.receive(join([framed(fromHex("01")), framed(fromHex("02"))]));
  await until(() => ends.length === 2);
  channel.send(fromHex("03"));
  streams[0]!.receive(framed(fromHex("04")));
  await new Promise((resolve) => setTimeout(resolve, 0));
  assert.equal(received.map(toHex), ["01"]);
  assert.equal([streams[0]!.written.length, channel.bytesSent], [0, 0]);
});

test("a stream is read on when its owner has its turn, and others meanwhile", async () => {
  const streams = [new FakeStream(), new FakeStream()];
  const turns = [Promise.withResolvers<void>(), Promise.withResolvers<void>()];
  let asked = 0;
  const channel = new StripedChannel(streams, () => {}, () => turns[asked++]?.promise);
  const received: string[] = [];
  channel.onmessage = (message) => received.push(toHex(message as Uint8Array));
  for (const hex of ["01", "02"]) streams[0]!.receive(framed(fromHex(hex)));
  await until(() => received.length === 1);
  streams[1]!.receive(framed(fromHex("03")));
  await until(() => asked === 2);
  assert.equal(received, ["01", "03"]);
  turns[0]!.resolve();
  await until(() => received.length === 3);
  assert.equal(received, ["01", "03", "02"]);
  turns[1]!.resolve();
});

test.run();
