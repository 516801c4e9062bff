import * as assert from "uvu/assert";
import { suite } from "../tools/testing/suite.ts";
import { LighthouseError } from "./error.ts";
import { decodeFrame, encodeFrame, type Frame, MAX_DATA } from "./frame.ts";
import { MIN_COST, Stream, type StreamOwner, WINDOW } from "./stream.ts";
import { bytesOf, isSame, pattern } from "./testing/bytes.ts";
import { failureOf, thrownBy } from "./testing/failure.ts";

const test = suite("stream");

/** A session that only takes notes. */
class Owner implements StreamOwner {
  readonly sent: Frame[] = [];
  forgotten = 0;
  room: () => Promise<void> = () => Promise.resolve();

  /** As a session does: what is sent is encoded at once, so it is the writer's no longer. */
  send(frame: Frame): void {
    this.sent.push(decodeFrame(encodeFrame(frame)));
  }

  forget(): void {
    this.forgotten++;
  }

  /** The payloads of the DATA frames sent so far. */
  get data(): Uint8Array[] {
    return this.sent.flatMap((frame) => frame.type === "data" ? [frame.payload] : []);
  }

  /** Bytes of credit given so far. */
  get credit(): number[] {
    return this.sent.flatMap((frame) => frame.type === "credit" ? [frame.bytes] : []);
  }

  types(): string[] {
    return this.sent.map(({ type }) => type);
  }
}

/** The end that opened a stream, its answer's head received. */
function initiator(): { stream: Stream; owner: Owner } {
  const owner = new Owner();
  const stream = new Stream(1, owner);
  stream.receive({ type: "head", stream: 1, payload: pattern(2) });
  return { stream, owner };
}

/** The end that accepted a stream. */
function acceptor(): { stream: Stream; owner: Owner } {
  const owner = new Owner();
  return { stream: new Stream(1, owner, { head: pattern(2) }), owner };
}

function data(length: number): Frame {
  return { type: "data", stream: 1, payload: pattern(length) };
}

function receiveWindow(stream: Stream): void {
  for (let bytes = 0; bytes < WINDOW; bytes += MAX_DATA) stream.receive(data(MAX_DATA));
}

const END: Frame = { type: "end", stream: 1 };

/** Runs what has been made ready, promises of promises included. */
function settle(): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, 0));
}

test("head is what opened the stream, on the end that accepts", async () => {
  const { stream } = acceptor();
  assert.equal(await stream.head, pattern(2));
});

test("head is the answer's, on the end that opens", async () => {
  const { stream } = initiator();
  assert.equal(await stream.head, pattern(2));
});

for (
  const [length, sizes] of [
    [0, []],
    [1, [1]],
    [MAX_DATA, [MAX_DATA]],
    [MAX_DATA + 1, [MAX_DATA, 1]],
    [3 * MAX_DATA, [MAX_DATA, MAX_DATA, MAX_DATA]],
  ] as const
) {
  test(`a chunk of ${length} bytes is sent as ${sizes.length} frames`, async () => {
    const { stream, owner } = initiator();
    const writer = stream.writable.getWriter();
    await writer.write(pattern(length));
    assert.equal(owner.data.map((payload) => payload.length), sizes);
    assert.ok(isSame(await bytesOf(new Blob(owner.data as BlobPart[]).stream()), pattern(length)));
  });
}

test("a writer stops at the window and goes on by as much as it gets credit for", async () => {
  const { stream, owner } = initiator();
  const written = () => owner.data.reduce((sum, payload) => sum + payload.length, 0);
  const done = stream.writable.getWriter().write(new Uint8Array(2 * WINDOW));
  await settle();
  assert.is(written(), WINDOW);
  stream.receive({ type: "credit", stream: 1, bytes: MIN_COST - 1 });
  await settle();
  assert.is(written(), WINDOW);
  stream.receive({ type: "credit", stream: 1, bytes: 1 });
  await settle();
  assert.is(written(), WINDOW + MIN_COST);
  stream.receive({ type: "credit", stream: 1, bytes: WINDOW });
  await done;
  assert.is(written(), 2 * WINDOW);
});

test("small chunks use up the window by what each costs at least, on both ends", async () => {
  const { stream, owner } = initiator();
  const writer = stream.writable.getWriter();
  const most = WINDOW / MIN_COST;
  for (let i = 0; i < most; i++) await writer.write(pattern(1));
  writer.write(pattern(1));
  await settle();
  assert.is(owner.data.length, most);

  const other = acceptor().stream;
  for (let i = 0; i < most; i++) other.receive(data(1));
  assert.is(thrownBy(() => other.receive(data(1))).code, "bad-frame");
});

test("credit above the window counts as the window", async () => {
  const { stream, owner } = initiator();
  stream.receive({ type: "credit", stream: 1, bytes: 2 ** 32 - 1 });
  stream.receive({ type: "credit", stream: 1, bytes: 2 ** 32 - 1 });
  stream.writable.getWriter().write(new Uint8Array(2 * WINDOW));
  await settle();
  assert.is(owner.data.length, WINDOW / MAX_DATA);
});

test("a writer waits for room before each frame", async () => {
  const { stream, owner } = initiator();
  const rooms: (() => void)[] = [];
  owner.room = () => new Promise((resolve) => rooms.push(resolve));
  const done = stream.writable.getWriter().write(new Uint8Array(2 * MAX_DATA));
  await settle();
  assert.is(owner.data.length, 0);
  rooms.shift()!();
  await settle();
  assert.is(owner.data.length, 1);
  rooms.shift()!();
  await done;
  assert.is(owner.data.length, 2);
});

test("write() rejects a chunk that is no Uint8Array", async () => {
  const { stream } = initiator();
  const writer = stream.writable.getWriter();
  writer.closed.catch(() => {});
  assert.instance(await failureOf(writer.write("text" as never)), TypeError);
});

test("what arrives can be read, across chunks and up to the end", async () => {
  const { stream } = initiator();
  stream.receive(data(1));
  const read = bytesOf(stream.readable);
  stream.receive(data(MAX_DATA));
  await settle();
  stream.receive(data(3));
  stream.receive(END);
  assert.ok(
    isSame(
      await read,
      await bytesOf(new Blob([pattern(1), pattern(MAX_DATA), pattern(3)]).stream()),
    ),
  );
});

test("what has arrived can be read after the stream is over", async () => {
  const { stream, owner } = initiator();
  stream.receive(data(3));
  stream.receive(END);
  await stream.writable.close();
  await stream.closed;
  assert.is(owner.forgotten, 1);
  stream.fail(new LighthouseError("connection-lost", "Lost"));
  assert.equal(await bytesOf(stream.readable), pattern(3));
});

test("credit is returned for what is read, half a window at a time", async () => {
  const { stream, owner } = acceptor();
  receiveWindow(stream);
  await settle();
  assert.equal(owner.credit, []);
  const reader = stream.readable.getReader();
  for (let bytes = 0; bytes < WINDOW / 2; bytes += MAX_DATA) {
    assert.equal(owner.credit, []);
    await reader.read();
  }
  assert.equal(owner.credit, [WINDOW / 2]);
  for (let bytes = 0; bytes < WINDOW / 2; bytes += MAX_DATA) await reader.read();
  assert.equal(owner.credit, [WINDOW / 2, WINDOW / 2]);
});

test("no credit is given after the end", async () => {
  const { stream, owner } = acceptor();
  receiveWindow(stream);
  stream.receive(END);
  assert.is((await bytesOf(stream.readable)).length, WINDOW);
  assert.equal(owner.credit, []);
});

for (
  const [what, frames] of [
    ["a second head", [{ type: "head", stream: 1, payload: pattern(2) }]],
    ["data after the end", [END, data(1)]],
    ["a second end", [END, END]],
    ["more data than there was credit for", [
      ...Array(WINDOW / MAX_DATA).fill(data(MAX_DATA)),
      data(1),
    ]],
  ] as [string, Frame[]][]
) {
  for (const make of [initiator, acceptor]) {
    test(`receive() throws at ${what} (${make.name})`, () => {
      const { stream } = make();
      const last = frames.at(-1)!;
      for (const frame of frames.slice(0, -1)) stream.receive(frame);
      const error = thrownBy(() => stream.receive(last));
      assert.is(error.code, "bad-frame");
      assert.match(error.message, what);
    });
  }
}

for (const [what, frame] of [["data", data(1)], ["an end", END]] as const) {
  test(`receive() throws at ${what} before the answer's head`, () => {
    const stream = new Stream(1, new Owner());
    assert.match(thrownBy(() => stream.receive(frame)).message, `${what} before the head`);
  });
}

test("closed resolves when both directions have ended, whichever is first", async () => {
  for (const first of ["sent", "received"]) {
    const { stream, owner } = acceptor();
    if (first === "sent") await stream.writable.close();
    stream.receive(END);
    if (first === "received") {
      assert.is(owner.forgotten, 0);
      await stream.writable.close();
    }
    await stream.closed;
    assert.is(owner.forgotten, 1);
    assert.equal(owner.types(), ["end"]);
    assert.is(stream.signal.aborted, false);
  }
});

test("reset() tells the other end and fails everything here", async () => {
  const owner = new Owner();
  const stream = new Stream(1, owner);
  const writer = stream.writable.getWriter();
  const read = stream.readable.getReader().read();
  stream.reset(new LighthouseError("aborted", "Enough"));

  assert.equal(owner.sent, [{ type: "reset", stream: 1, code: "aborted", message: "Enough" }]);
  for (const promise of [stream.head, read, writer.closed]) {
    const error = await failureOf(promise);
    assert.is(error.code, "aborted");
    assert.is(error.message, "Enough");
  }
  assert.is(stream.signal.reason.code, "aborted");
  await stream.closed;
  assert.is(owner.forgotten, 1);
});

test("reset() with a reason fails with that here", async () => {
  const { stream } = initiator();
  const reason = new DOMException("Stopped", "AbortError");
  stream.reset(new LighthouseError("aborted", "Enough"), reason);
  assert.is(await failureOf(stream.readable.getReader().read()), reason);
  assert.is(stream.signal.reason, reason);
});

test("reset() does nothing on a stream that is over", async () => {
  const { stream, owner } = acceptor();
  stream.reset(new LighthouseError("aborted", "Enough"));
  stream.reset(new LighthouseError("aborted", "Again"));
  assert.equal(owner.types(), ["reset"]);

  const ended = acceptor();
  ended.stream.receive(END);
  await ended.stream.writable.close();
  ended.stream.reset(new LighthouseError("aborted", "Late"));
  assert.equal(ended.owner.types(), ["end"]);
});

test("reset() by a listener of the stream's own signal is not sent again", () => {
  const { stream, owner } = acceptor();
  stream.signal.addEventListener("abort", () => {
    stream.reset(new LighthouseError("closed", "Again"));
  });
  stream.reset(new LighthouseError("aborted", "Enough"));
  assert.equal(owner.types(), ["reset"]);
  assert.is(owner.forgotten, 1);
});

test("a reset that arrives fails everything here and is not answered", async () => {
  const { stream, owner } = acceptor();
  receiveWindow(stream);
  const writer = stream.writable.getWriter();
  const writing = writer.write(new Uint8Array(2 * WINDOW));
  await settle();
  const before = owner.sent.length;
  stream.receive({ type: "reset", stream: 1, code: "closed", message: "Bye" });

  const error = await failureOf(stream.readable.getReader().read());
  assert.is(error.code, "closed");
  assert.is(error.message, "Bye");
  assert.is(stream.signal.reason, error);
  assert.is(await failureOf(writer.closed), error);
  await writing;
  assert.is(owner.sent.length, before);
});

test("abort() resets the stream", async () => {
  const { stream, owner } = acceptor();
  await stream.writable.abort(new LighthouseError("backend-failed", "The backend died"));
  assert.equal(owner.sent, [
    { type: "reset", stream: 1, code: "backend-failed", message: "The backend died" },
  ]);
});

test("abort() resets a stream whose writer waits for credit", async () => {
  const { stream, owner } = acceptor();
  const writer = stream.writable.getWriter();
  writer.closed.catch(() => {});
  writer.write(new Uint8Array(2 * WINDOW)).catch(() => {});
  await settle();
  await writer.abort("enough");
  const last = owner.sent.at(-1);
  assert.equal(last, { type: "reset", stream: 1, code: "aborted", message: "enough" });
});

test("cancel() by the end that opened the stream resets it", async () => {
  const { stream, owner } = initiator();
  receiveWindow(stream);
  await stream.readable.cancel();
  assert.equal(owner.types(), ["reset"]);
  await stream.closed;
});

test("cancel() by the end that accepted discards what has come and what comes", async () => {
  const { stream, owner } = acceptor();
  receiveWindow(stream);
  await stream.readable.cancel();
  assert.is(owner.credit.reduce((sum, bytes) => sum + bytes), WINDOW);
  receiveWindow(stream);
  assert.is(owner.credit.reduce((sum, bytes) => sum + bytes), 2 * WINDOW);

  await stream.writable.getWriter().write(pattern(3));
  assert.equal(owner.data, [pattern(3)]);
  stream.receive(END);
  assert.is(owner.types().includes("reset"), false);
});

test("cancel() while a read waits ends the stream as usual", async () => {
  const { stream, owner } = acceptor();
  const reader = stream.readable.getReader();
  const read = reader.read();
  await reader.cancel();
  assert.is((await read).done, true);
  stream.receive(data(1));
  stream.receive(END);
  await stream.writable.close();
  await stream.closed;
  assert.equal(owner.types(), ["end"]);
});

test.run();
