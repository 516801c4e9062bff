import * as assert from "uvu/assert";
import { suite } from "../../tools/testing/suite.ts";
import type { ByteWriter } from "../bytes.ts";
import { LighthouseError } from "../error.ts";
import { newStream } from "../testing/stream.ts";
import { decodeMessage, type Frame, MAX_MESSAGE, writeFrame } from "./frame.ts";
import { Packer, type PackerCarrier } from "./packer.ts";
import type { Stream } from "./stream.ts";
import { Streams } from "./streams.ts";

const test = suite("Packer");

/** The state of a carrier. */
interface State {
  isFull?: boolean;
  isInPace?: boolean;
  isResting?: boolean;
  /** Whether it has a PING to send. */
  isDue?: boolean;
  isStandby?: boolean;
}

/** A carrier that keeps its messages. */
class FakeCarrier implements PackerCarrier {
  isStandby: boolean;
  readonly messages: Frame[][] = [];
  readonly isFull: boolean;
  readonly isInPace: boolean;
  readonly isResting: boolean;
  readonly isMetered = false;
  readonly maxMessage = MAX_MESSAGE;
  isDue: boolean;

  constructor(
    { isFull = false, isInPace = true, isResting = false, isDue = false, isStandby = false }:
      State = {},
  ) {
    this.isFull = isFull;
    this.isInPace = isInPace;
    this.isResting = isResting;
    this.isDue = isDue;
    this.isStandby = isStandby;
  }

  write(writer: ByteWriter): void {
    if (this.isDue) writeFrame(writer, { type: "ping", token: 1 });
    this.isDue = false;
  }

  send(message: Uint8Array<ArrayBuffer>): void {
    this.messages.push(decodeMessage(message.slice()));
  }
}

/** A packer, and what it works with. */
function setUp(...carriers: PackerCarrier[]) {
  const streams = new Streams("page");
  const turns: (() => void)[] = [];
  let sent = 0;
  const packer = new Packer({
    carriers,
    streams,
    onData: (bytes) => sent += bytes,
    soon(this: unknown, callback) {
      // As a browser's own `queueMicrotask` does.
      if (this !== undefined) throw new TypeError("Illegal invocation");
      turns.push(callback);
    },
  });
  return {
    packer,
    streams,
    /** Opens a stream that has bytes to send. */
    open(bytes: number): Stream {
      const stream = newStream({ wake: (stream) => packer.wake(stream) });
      streams.add(stream);
      stream.sendHead(new Uint8Array(bytes));
      return stream;
    },
    /** Opens a stream that the other end can reset, and that has sent its head. */
    begun(): Stream {
      const stream = this.open(1);
      this.turn();
      return stream;
    },
    turn() {
      for (const callback of turns.splice(0)) callback();
    },
    get turns() {
      return turns.length;
    },
    get sent() {
      return sent;
    },
  };
}

/** Frames as a short text: `data 1`, `end 1`, `ping`. */
function say(frame: Frame): string {
  const type = frame.type === "data" && frame.end ? "end" : frame.type;
  return "stream" in frame ? `${type} ${frame.stream}` : type;
}

const sayAll = ({ messages }: FakeCarrier) => messages.map((frames) => frames.map(say).join(", "));

for (
  const [what, sizes, expected] of [
    ["small streams share a message", [10, 20, 30], ["data 1, data 3, data 5"]],
    ["large streams take turns", [40_000, 40_000], [
      "data 1",
      "data 3",
      "data 1",
      "data 3",
      "data 1, data 3",
    ]],
    ["a small stream does not wait for a large one", [40_000, 10], [
      "data 1",
      "data 3, data 1",
      "data 1",
    ]],
  ] as [string, number[], string[]][]
) {
  test(`${what}: ${expected.join("; ")}`, () => {
    const carrier = new FakeCarrier();
    const fixture = setUp(carrier);
    for (const size of sizes) fixture.open(size);
    fixture.turn();
    assert.equal(sayAll(carrier), expected);
    assert.ok(fixture.sent > sizes.reduce((sum, size) => sum + size));
  });
}

for (
  const [what, state, expected] of [
    ["is full", { isFull: true, isDue: true }, []],
    ["has no room on its way", { isInPace: false }, []],
    ["has no room on its way, and frames of its own", { isInPace: false, isDue: true }, ["ping"]],
    ["has frames of its own", { isDue: true }, ["ping, data 1"]],
    ["rests, while the stream is small", { isResting: true }, ["data 1"]],
    ["stands by", { isStandby: true }, []],
    ["stands by, and has frames of its own", { isStandby: true, isDue: true }, ["ping"]],
  ] as [string, State, string[]][]
) {
  test(`a carrier that ${what} sends ${expected.join() || "nothing"}`, () => {
    const carrier = new FakeCarrier(state);
    const fixture = setUp(carrier);
    fixture.open(10);
    fixture.turn();
    assert.equal(sayAll(carrier), expected);
  });
}

test("a message has at most 1,024 frames, and opens at most 256 streams", () => {
  const carrier = new FakeCarrier();
  const { packer, open, turn } = setUp(carrier);
  const streams = Array.from({ length: 120 }, () => open(1));
  turn();
  for (let id = 2; id < 1000; id += 2) packer.answerForgotten(id);
  for (const stream of streams) stream.rewind();
  turn();
  const frames = carrier.messages.flat();
  assert.is(frames.filter(({ type }) => type === "done").length, 499);
  for (const message of carrier.messages) {
    assert.ok(message.length <= 1024, `${message.length} frames`);
  }
  assert.ok(carrier.messages.length > 2);
});

test("each carrier sends a message in turn", () => {
  const [one, other] = [new FakeCarrier(), new FakeCarrier()];
  const fixture = setUp(one, other);
  fixture.open(60_000);
  fixture.turn();
  assert.equal([one, other].map(({ messages }) => messages.length), [2, 2]);
});

test("while a carrier stands by, streams and what the session tells go over another, and later over both", () => {
  const [standby, other] = [new FakeCarrier({ isStandby: true, isDue: true }), new FakeCarrier()];
  const fixture = setUp(standby, other);
  const { packer, open, turn } = fixture;
  const stream = open(40_000);
  turn();
  stream.reset(new LighthouseError("aborted", ""));
  packer.goAway();
  packer.answerForgotten(2);
  standby.isDue = true;
  turn();
  assert.equal(sayAll(standby), ["ping", "ping"]);
  assert.equal(sayAll(other), ["data 1", "data 1", "data 1", "goaway, done 2, reset 1"]);
  standby.isStandby = false;
  open(40_000);
  turn();
  assert.equal([standby, other].map(({ messages }) => messages.length), [4, 5]);
});

for (
  const [what, act, expected] of [
    ["a RESET", (stream: Stream) => stream.reset(new LighthouseError("aborted", "")), "reset 1"],
    ["a STOP", (stream: Stream) => stream.ignore(), "stop 1"],
    ["the bytes of a lost carrier", (stream: Stream) => stream.rewind(), "credit 1, data 1"],
  ] as const
) {
  test(`${what} leave at once, without another message`, () => {
    const carrier = new FakeCarrier();
    const fixture = setUp(carrier);
    const stream = fixture.begun();
    act(stream);
    fixture.turn();
    assert.equal(sayAll(carrier), ["data 1", expected]);
  });
}

test("a DONE waits for another message", () => {
  const carrier = new FakeCarrier();
  const fixture = setUp(carrier);
  const stream = fixture.begun();
  const bytes = new Uint8Array(4);
  stream.receive({ type: "data", stream: 1, offset: 0, bytes, end: true });
  assert.is(fixture.turns, 0);
  fixture.open(10);
  fixture.turn();
  assert.equal(sayAll(carrier), ["data 1", "done 1, data 3"]);
  fixture.packer.stop();
});

test("GOAWAY and a DONE for a stream that has ended are messages by themselves", () => {
  const carrier = new FakeCarrier();
  const fixture = setUp(carrier);
  fixture.packer.goAway();
  fixture.turn();
  for (const id of [2, 4, 2]) fixture.packer.answerForgotten(id);
  fixture.turn();
  assert.equal(sayAll(carrier), ["goaway", "done 2, done 4"]);
});

test("streams woken within one turn share its message, and nothing is sent before", () => {
  const carrier = new FakeCarrier();
  const fixture = setUp(carrier);
  fixture.open(10);
  fixture.open(10);
  assert.is(fixture.turns, 1);
  assert.equal(sayAll(carrier), []);
  fixture.turn();
  assert.equal(sayAll(carrier), ["data 1, data 3"]);
});

test("a stream that waits begins when another is gone", () => {
  const carrier = new FakeCarrier();
  const fixture = setUp(carrier);
  const opened = Array.from({ length: 129 }, () => fixture.open(0));
  fixture.turn();
  assert.equal([fixture.streams.open, opened.at(-1)!.id], [128, 0]);
  fixture.streams.delete(opened[0]!);
  fixture.packer.delete(opened[0]!);
  fixture.turn();
  assert.is(opened.at(-1)!.id, 257);
});

test("`soon` is called as a function, since browsers refuse queueMicrotask as a method", () => {
  const callers: unknown[] = [];
  const packer = new Packer({
    carriers: [],
    streams: new Streams("page"),
    onData() {},
    soon(this: unknown) {
      callers.push(this);
    },
  });
  packer.schedule();
  assert.equal(callers, [undefined]);
});

test("nothing is sent after stop()", () => {
  const carrier = new FakeCarrier();
  const fixture = setUp(carrier);
  fixture.open(10);
  fixture.packer.stop();
  fixture.turn();
  fixture.open(10);
  assert.is(fixture.turns, 0);
  assert.equal(sayAll(carrier), []);
});

test.run();
