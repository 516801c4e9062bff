import * as assert from "uvu/assert";
import { suite } from "../tools/testing/suite.ts";
import type { Channel } from "./channel.ts";
import { decodeFrame, encodeFrame, type Frame, MAX_DATA } from "./frame.ts";
import { LighthouseError } from "./error.ts";
import { MAX_STREAMS, Session, type SessionOptions } from "./session.ts";
import { type Stream, WINDOW } from "./stream.ts";
import { bytesOf, isSame, pattern, streamOf } from "./testing/bytes.ts";
import { HIGH_WATER, MemoryChannel } from "./testing/channel_pair.ts";
import { failureOf, thrownBy } from "./testing/failure.ts";

const test = suite("session");

const HEAD = new TextEncoder().encode("head");

/** The other end of a session's channel, in the hands of the test. */
class RawEnd {
  readonly #channel: Channel & { send(message: Uint8Array | string): boolean };
  readonly #frames: Frame[] = [];
  #wake = () => {};
  #serial = 0;

  constructor(channel: MemoryChannel) {
    this.#channel = channel;
    channel.onmessage = (message) => {
      this.#frames.push(decodeFrame(message as Uint8Array<ArrayBuffer>));
      this.#wake();
    };
  }

  /** Sends frames, or messages that are none. */
  send(...messages: (Frame | Uint8Array<ArrayBuffer> | string)[]): void {
    for (const message of messages) {
      const isFrame = typeof message === "object" && "type" in message;
      this.#channel.send(isFrame ? encodeFrame(message) : message as Uint8Array<ArrayBuffer>);
    }
  }

  /** The next frame of a type; what comes before it is dropped. */
  async next<T extends Frame["type"]>(type: T): Promise<Frame & { type: T }> {
    for (;;) {
      const frame = this.#frames.shift();
      if (frame?.type === type) return frame as Frame & { type: T };
      if (!frame) await new Promise<void>((resolve) => this.#wake = resolve);
    }
  }

  /** Sends messages, and resolves with what was sent back until then, PINGs left out. */
  async exchange(...messages: (Frame | Uint8Array<ArrayBuffer> | string)[]): Promise<Frame[]> {
    const payload = new Uint8Array(8).fill(++this.#serial);
    this.send(...messages, { type: "ping", payload });
    const answers: Frame[] = [];
    for (;;) {
      const frame = this.#frames.shift();
      if (!frame) await new Promise<void>((resolve) => this.#wake = resolve);
      else if (frame.type === "pong" && frame.payload[0] === payload[0]) return answers;
      else if (frame.type !== "ping") answers.push(frame);
    }
  }
}

/** Two sessions joined by a channel; both are over when `use` is. */
async function withSessions(
  use: (page: Session, host: Session, channels: [MemoryChannel, MemoryChannel]) => Promise<void>,
  onStream: SessionOptions["onStream"] = echo,
): Promise<void> {
  const channels = MemoryChannel.pair();
  const host = new Session(channels[1], { onStream });
  const page = new Session(channels[0]);
  try {
    await use(page, host, channels);
  } finally {
    page.close();
    await host.closed;
  }
  assert.is(page.streams, 0);
  assert.is(host.streams, 0);
}

/** A session and the test at the other end of its channel; it is over when `use` is. */
async function withSession(
  options: SessionOptions,
  use: (session: Session, raw: RawEnd, channels: [MemoryChannel, MemoryChannel]) => Promise<void>,
): Promise<void> {
  const channels = MemoryChannel.pair();
  const raw = new RawEnd(channels[1]);
  const session = new Session(channels[0], options);
  try {
    await use(session, raw, channels);
  } finally {
    raw.send({ type: "bye" });
    await session.closed;
  }
  assert.is(session.streams, 0);
}

/** Answers each stream with its own head and its own bytes. */
async function echo(stream: Stream): Promise<void> {
  try {
    stream.sendHead(new Uint8Array(await stream.head));
    await stream.readable.pipeTo(stream.writable);
  } catch {
    // It was reset.
  }
}

function head(stream: number): Frame {
  return { type: "head", stream, payload: HEAD };
}

function data(stream: number, length: number): Frame {
  return { type: "data", stream, payload: pattern(length) };
}

/** DATA frames of that many bytes together. */
function manyData(stream: number, length: number): Frame[] {
  return Array.from({ length: length / MAX_DATA }, () => data(stream, MAX_DATA));
}

/** Opens streams that are answered. */
async function openEchoes(raw: RawEnd, ...streams: number[]): Promise<void> {
  raw.send(...streams.map(head));
  for (const _ of streams) await raw.next("head");
}

/** Sends bytes on a stream of its own and reads what comes back. */
async function roundTrip(session: Session, bytes: Uint8Array<ArrayBuffer>): Promise<Uint8Array> {
  const stream = session.open(HEAD);
  const [back] = await Promise.all([
    bytesOf(stream.readable),
    streamOf(bytes).pipeTo(stream.writable),
  ]);
  await stream.closed;
  return back;
}

test("streams of all sizes go both ways at once with equal content", async () => {
  await withSessions(async (page, host) => {
    const sizes = [0, 1, MAX_DATA, MAX_DATA + 1, 1024 * 1024];
    await Promise.all([...sizes, ...sizes].map(async (size, index) => {
      const bytes = pattern(size, index + 1);
      assert.ok(isSame(await roundTrip(page, bytes), bytes), `${size} bytes`);
    }));
    assert.is(page.streams, 0);
    assert.is(host.streams, 0);
  });
});

test("a reader that does not read stops its own writer at the window and nobody else", async () => {
  const accepted: Stream[] = [];
  await withSessions(async (page) => {
    const stuck = page.open(HEAD);
    const bytes = pattern(2 * WINDOW);
    let isWritten = false;
    const writing = streamOf(bytes).pipeTo(stuck.writable).then(() => isWritten = true);

    for (let i = 0; i < 3; i++) {
      assert.ok(isSame(await roundTrip(page, bytes), bytes));
    }
    assert.is(isWritten, false);

    const [slow] = accepted;
    await slow!.writable.close();
    assert.ok(isSame(await bytesOf(slow!.readable), bytes));
    await writing;
    await stuck.closed;
  }, (stream) => {
    accepted.push(stream);
    if (accepted.length > 1) echo(stream);
    else stream.sendHead(HEAD);
  });
});

test("a writer sends the window and not a byte more, until there is credit", async () => {
  await withSession({}, async (session, raw) => {
    const stream = session.open(HEAD);
    stream.writable.getWriter().write(new Uint8Array(2 * WINDOW)).catch(() => {});
    let received = 0;
    while (received < WINDOW) received += (await raw.next("data")).payload.length;
    assert.is(received, WINDOW);
    assert.equal(await raw.exchange(), []);
    assert.equal(await raw.exchange({ type: "credit", stream: 1, bytes: 0 }), []);
    raw.send({ type: "credit", stream: 1, bytes: 300 });
    assert.is((await raw.next("data")).payload.length, 300);
    assert.equal(await raw.exchange(), []);
  });
});

test("a reader's session returns the credit of what was read", async () => {
  const onStream = async (stream: Stream) => {
    await bytesOf(stream.readable).catch(() => {});
  };
  await withSession({ onStream }, async (_session, raw) => {
    raw.send(head(1), ...manyData(1, WINDOW));
    assert.is((await raw.next("credit")).bytes, WINDOW / 2);
    assert.is((await raw.next("credit")).bytes, WINDOW / 2);
    // No more is lost on the way of many windows than what is not worth a frame.
    for (let i = 0; i < 4; i++) {
      raw.send(...manyData(1, WINDOW));
      assert.is((await raw.next("credit")).bytes, WINDOW / 2);
      assert.is((await raw.next("credit")).bytes, WINDOW / 2);
    }
  });
});

for (const streams of [1, 100, MAX_STREAMS]) {
  test(`the channel's queue stays within its bound with ${streams} writers at once`, async () => {
    await withSessions(async (page, _host, [channel]) => {
      const bytes = pattern(3 * MAX_DATA);
      await Promise.all(Array.from({ length: streams }, () => roundTrip(page, bytes)));
      // Heads do not wait for room: nothing can be cut off them.
      const heads = streams * encodeFrame(head(1)).length;
      const most = HIGH_WATER + MAX_DATA + 2048 + heads;
      assert.ok(channel.mostQueued <= most, `${channel.mostQueued} <= ${most}`);
      assert.ok(channel.mostQueued >= HIGH_WATER || streams === 1);
    });
  });
}

test("writers take turns, frame by frame, when the channel is full", async () => {
  await withSession({}, async (session, raw) => {
    for (let i = 0; i < 3; i++) {
      session.open(HEAD).writable.getWriter().write(new Uint8Array(WINDOW));
    }
    const order: number[] = [];
    while (order.length < 3 * WINDOW / MAX_DATA) order.push((await raw.next("data")).stream);
    for (let i = 0; i < order.length; i += 3) {
      assert.equal(order.slice(i, i + 3).sort(), [1, 2, 3], order.join(" "));
    }
  });
});

for (
  const [what, message, stream, text] of [
    ["text", "hello", 0, "it is text, not bytes"],
    ["an empty message", new Uint8Array(0), 0, "0 bytes are cut short"],
    ["a frame cut short", encodeFrame(head(1)).subarray(0, 4), 0, "4 bytes are cut short"],
    [
      "a credit cut short",
      encodeFrame({ type: "credit", stream: 1, bytes: 1 }).subarray(0, 8),
      1,
      "3 bytes",
    ],
    ["an unknown type", new Uint8Array([9, 0, 0, 0, 1]), 1, "its type 9 is unknown"],
    ["an unknown type on no stream", new Uint8Array([9, 0, 0, 0, 0]), 0, "its type 9 is unknown"],
    ["a ping on a stream", new Uint8Array([6, 0, 0, 0, 1, 0, 0, 0, 0, 0, 0, 0, 0]), 1, "ping"],
    ["a second head", encodeFrame(head(1)), 1, "a second head"],
    ["data above 16 KiB", encodeFrame(data(1, MAX_DATA + 1)), 1, "16385 bytes"],
    ["data of a stream that was never opened", encodeFrame(data(9, 1)), 9, "Cannot find stream 9"],
    [
      "an end of a stream that was never opened",
      encodeFrame({ type: "end", stream: 9 }),
      9,
      "Cannot find",
    ],
  ] as [string, Uint8Array<ArrayBuffer> | string, number, string][]
) {
  test(`${what} is answered with a reset of stream ${stream}, and all else goes on`, async () => {
    await withSession({ onStream: echo }, async (session, raw) => {
      await openEchoes(raw, 1, 2);
      const frames = await raw.exchange(message);
      assert.is(frames.length, 1);
      const [reset] = frames;
      assert.ok(reset?.type === "reset");
      assert.is(reset.stream, stream);
      assert.is(reset.code, "bad-frame");
      assert.match(reset.message, text);
      assert.is(session.streams, stream === 1 ? 1 : 2);

      raw.send(data(2, 5));
      assert.equal(await raw.next("data"), data(2, 5));
      raw.send(head(20));
      assert.equal(await raw.next("head"), head(20));
    });
  });
}

/** A stream that is accepted and left alone. */
const UNREAD = 1;

for (
  const [what, frames, text] of [
    ["data beyond the credit", [...manyData(1, WINDOW), data(1, 1)], "more data than there was"],
    ["data after the end", [{ type: "end", stream: 1 }, data(1, 1)], "data after the end"],
    ["a second end", [{ type: "end", stream: 1 }, { type: "end", stream: 1 }], "a second end"],
  ] as [string, Frame[], string][]
) {
  test(`${what} is answered with a reset of that stream, and others go on`, async () => {
    const onStream = (stream: Stream) => stream.id === UNREAD ? undefined : void echo(stream);
    await withSession({ onStream }, async (session, raw) => {
      raw.send(head(UNREAD));
      await openEchoes(raw, 2);
      const resets = await raw.exchange(...frames);
      assert.is(resets.length, 1);
      assert.ok(resets[0]?.type === "reset");
      assert.is(resets[0].stream, 1);
      assert.is(resets[0].code, "bad-frame");
      assert.match(resets[0].message, text);
      assert.is(session.streams, 1);

      raw.send(data(2, 5));
      assert.equal(await raw.next("data"), data(2, 5));
    });
  });
}

test("the page's end refuses streams that the host opens", async () => {
  await withSession({}, async (session, raw) => {
    const [reset] = await raw.exchange(head(1));
    assert.ok(reset?.type === "reset");
    assert.is(reset.stream, 1);
    assert.is(session.streams, 0);
  });
});

test("data before the answer's head resets the stream", async () => {
  await withSession({}, async (session, raw) => {
    const stream = session.open(HEAD);
    const frames = await raw.exchange(data(1, 1));
    assert.equal(frames.map(({ type }) => type), ["head", "reset"]);
    assert.is((await failureOf(stream.head)).code, "bad-frame");
  });
});

test("64 malformed messages are answered, one more ends the session", async () => {
  await withSession({ onStream: echo }, async (session, raw, [channel]) => {
    await openEchoes(raw, 1);
    const resets = await raw.exchange(...Array(64).fill("bad"));
    assert.is(resets.length, 64);
    raw.send(data(1, 3));
    assert.equal(await raw.next("data"), data(1, 3));

    const isClosed = new Promise<void>((resolve) => {
      const { onclose } = channel;
      channel.onclose = () => {
        onclose();
        resolve();
      };
    });
    raw.send("bad");
    assert.is((await session.closed).code, "bad-frame");
    await isClosed;
  });
});

test("late frames of a stream that is over are ignored", async () => {
  await withSession({ onStream: (stream) => void stream.head }, async (session, raw) => {
    await raw.exchange(head(1), { type: "reset", stream: 1, code: "aborted", message: "Enough" });
    assert.is(session.streams, 0);
    const answers = await raw.exchange(
      data(1, 1),
      { type: "end", stream: 1 },
      { type: "credit", stream: 1, bytes: 1 },
      { type: "reset", stream: 1, code: "aborted", message: "Again" },
      head(1),
      // A reset of what was never opened, or of nothing at all, is no reason to answer either.
      { type: "reset", stream: 7, code: "aborted", message: "Which?" },
      { type: "reset", stream: 0, code: "bad-frame", message: "Which?" },
    );
    assert.equal(answers, []);
    assert.is(session.streams, 0);
  });
});

test(`of more than ${MAX_STREAMS} streams each is refused, until another has ended`, async () => {
  const onStream = (stream: Stream) => stream.sendHead(HEAD);
  await withSession({ onStream }, async (session, raw) => {
    await raw.exchange(...Array.from({ length: MAX_STREAMS }, (_, index) => head(index + 1)));
    assert.is(session.streams, MAX_STREAMS);

    const refused = await raw.exchange(head(601), data(601, 1), head(602));
    assert.equal(refused.map((frame) => frame.type === "reset" && [frame.stream, frame.code]), [
      [601, "too-many-streams"],
      [602, "too-many-streams"],
    ]);
    assert.is(session.streams, MAX_STREAMS);

    raw.send({ type: "reset", stream: 5, code: "aborted", message: "Enough" });
    assert.equal(await raw.exchange(head(603)), [head(603)]);
  });
});

test("PING is answered with its own bytes", async () => {
  await withSession({}, async (_session, raw) => {
    raw.send({ type: "ping", payload: pattern(8) });
    assert.equal((await raw.next("pong")).payload, pattern(8));
  });
});

test("PINGs are not answered while the channel is full", async () => {
  await withSession({}, async (_session, raw, [channel]) => {
    channel.stalled = true;
    const handled = new Promise<void>((resolve) => {
      const { onmessage } = channel;
      channel.onmessage = (message) => {
        onmessage(message);
        if (message[0] === 4) resolve();
      };
    });
    const [ping, last]: Frame[] = [
      { type: "ping", payload: new Uint8Array(8) },
      { type: "reset", stream: 0, code: "aborted", message: "The last one" },
    ];
    raw.send(...Array(Math.ceil(1.5 * HIGH_WATER / 13)).fill(ping), last!);
    await handled;
    // The session's own PINGs come on top.
    assert.ok(channel.mostQueued <= HIGH_WATER + 3 * 13, `${channel.mostQueued} bytes`);
  });
});

test("roundTripTime is measured with the first PONG", async () => {
  await withSessions(async (page, host) => {
    assert.is(page.roundTripTime, undefined);
    await roundTrip(page, pattern(1));
    await roundTrip(page, pattern(1));
    for (const session of [page, host]) {
      assert.ok(session.roundTripTime! >= 0 && session.roundTripTime! < 5000);
    }
  });
});

test("silence closes the session with connection-lost", async () => {
  const channels = MemoryChannel.pair();
  channels[1].stalled = true;
  const session = new Session(channels[0], { pingInterval: 20 });
  const stream = session.open(HEAD);
  const started = performance.now();
  const reason = await session.closed;
  const elapsed = performance.now() - started;
  assert.is(reason.code, "connection-lost");
  assert.ok(elapsed >= 55, `after ${elapsed} ms`);
  assert.is(await failureOf(stream.head), reason);
  assert.is(session.streams, 0);
  assert.is(channels[1].send("after the end"), true);
});

test("any frame counts as life", async () => {
  await withSession({ pingInterval: 20 }, async (session, raw) => {
    let isClosed = false;
    session.closed.then(() => isClosed = true);
    for (let i = 0; i < 8; i++) {
      await raw.next("ping");
      raw.send({ type: "reset", stream: 0, code: "aborted", message: "Alive" });
    }
    assert.is(isClosed, false);
  });
});

test("close() says BYE and fails the open streams with closed; the other end's are lost", async () => {
  const accepted = Promise.withResolvers<Stream>();
  await withSessions(async (page, host) => {
    const stream = page.open(HEAD);
    const other = await accepted.promise;
    page.close();
    assert.is((await page.closed).code, "closed");
    assert.is((await failureOf(stream.head)).code, "closed");
    assert.is(page.streams, 0);

    const reason = await host.closed;
    assert.is(reason.code, "connection-lost");
    assert.match(reason.message, "The other side closed the connection");
    assert.is(other.signal.reason, reason);
    assert.is(host.streams, 0);
    assert.is(thrownBy(() => page.open(HEAD)).code, "closed");
    assert.is(thrownBy(() => host.open(HEAD)).code, "closed");
  }, accepted.resolve);
});

test("close() fails writers that wait for room", async () => {
  const channels = MemoryChannel.pair();
  const page = new Session(channels[0]);
  channels[0].stalled = true;
  const writers = [1, 2].map(() => page.open(HEAD).writable.getWriter());
  for (const writer of writers) writer.write(new Uint8Array(WINDOW)).catch(() => {});
  // Room is given in microtasks: the channel is full when they have run.
  await new Promise((resolve) => setTimeout(resolve, 0));
  assert.ok(channels[0].mostQueued >= HIGH_WATER);
  page.close();
  for (const writer of writers) assert.is((await failureOf(writer.closed)).code, "closed");
});

test("close() closes the channel of another end that does not", async () => {
  const channels = MemoryChannel.pair();
  const raw = new RawEnd(channels[1]);
  const isClosed = new Promise<void>((resolve) => channels[1].onclose = resolve);
  new Session(channels[0]).close();
  await raw.next("bye");
  await isClosed;
});

test("a channel that closes ends the session with connection-lost", async () => {
  await withSession({ onStream: echo }, async (session, raw, channels) => {
    await openEchoes(raw, 1);
    channels[1].close();
    const reason = await session.closed;
    assert.is(reason.code, "connection-lost");
    assert.match(reason.message, "The connection to the other side ended");
  });
});

test("nothing is sent or handled after the end", () => {
  const streams: Stream[] = [];
  const channels = MemoryChannel.pair();
  const session = new Session(channels[0], { onStream: (stream) => void streams.push(stream) });
  const { onmessage } = channels[0];
  session.close();
  channels[0].mostQueued = 0;
  onmessage(encodeFrame(head(1)));
  onmessage("bad");
  session.close();
  assert.is(channels[0].mostQueued, 0);
  assert.equal(streams, []);
});

test("an end that makes the other answer without reading is cut off within a bound", async () => {
  let queued = 0;
  let isClosed = false;
  const channel: Channel = {
    // Nothing ever leaves: the queue only grows.
    send(message) {
      queued += message.length;
      return false;
    },
    close: () => isClosed = true,
    onmessage: () => {},
    ondrain: () => {},
    onclose: () => {},
  };
  const refusal = new LighthouseError("aborted", "x".repeat(1000));
  const session = new Session(channel, { onStream: (stream) => stream.reset(refusal) });
  for (let id = 1; !isClosed && id < 100_000; id++) channel.onmessage(encodeFrame(head(id)));
  assert.is((await session.closed).code, "bad-frame");
  assert.ok(queued < 9 * 1024 * 1024, `${queued} bytes`);
});

test.run();
