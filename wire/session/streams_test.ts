import * as assert from "uvu/assert";
import { suite } from "../../tools/testing/suite.ts";
import { ByteWriter } from "../bytes.ts";
import type { LighthouseError } from "../error.ts";
import { thrownBy } from "../testing/failure.ts";
import { newStream } from "../testing/stream.ts";
import { decodeMessage, MAX_MESSAGE, type StreamFrame } from "./frame.ts";
import type { Held, Hello } from "./hello.ts";
import type { Stream } from "./stream.ts";
import { MAX_STREAMS, type Role, Streams } from "./streams.ts";

const test = suite("Streams");

/** A HELLO, as far as streams look at it. */
function hello({ streams = 128, credit = 65_536, next = 1, held = [] }: Partial<Hello>): Hello {
  return { session: new Uint8Array(16), mode: "resume", streams, credit, next, held };
}

/** Begins all that may begin. @returns Their numbers. */
function beginAll(streams: Streams): number[] {
  const ids: number[] = [];
  for (let stream = streams.begin(); stream; stream = streams.begin()) ids.push(stream.id);
  return ids;
}

/** Opens streams at this end. */
function add(streams: Streams, count: number): Stream[] {
  const added = Array.from({ length: count }, () => newStream());
  for (const stream of added) streams.add(stream);
  return added;
}

const data = (stream: number): StreamFrame => ({
  type: "data",
  stream,
  offset: 0,
  bytes: new Uint8Array(),
  end: true,
});
const reset = (stream: number): StreamFrame => ({
  type: "reset",
  stream,
  code: "aborted",
  message: "",
});

for (const [role, ids] of [["page", [1, 3, 5]], ["host", [2, 4, 6]]] as [Role, number[]][]) {
  test(`the ${role}'s streams begin in the order of their opening, as ${ids}`, () => {
    const streams = new Streams(role);
    const added = add(streams, 3);
    assert.equal([streams.open, streams.waiting], [0, 3]);
    assert.equal(beginAll(streams), ids);
    assert.equal(added.map(({ id }) => id), ids);
    assert.equal([streams.open, streams.waiting, streams.nextId], [3, 0, ids[2]! + 2]);
    assert.is(streams.get(ids[1]!), added[1]);
  });
}

for (const [accepted, begun] of [[128, 128], [130, 130], [5000, 2048]] as const) {
  test(`of 3,000 streams ${begun} begin where the other end accepts ${accepted}`, () => {
    const streams = new Streams("page");
    streams.limit(hello({ streams: accepted }));
    const added = add(streams, 3000);
    assert.is(beginAll(streams).length, begun);
    streams.delete(added[0]!);
    assert.equal(beginAll(streams), [2 * begun + 1]);
  });
}

test("nothing begins after a GOAWAY, until the other end begins anew", () => {
  const streams = new Streams("page");
  add(streams, 1);
  streams.refuse();
  assert.equal(beginAll(streams), []);
  streams.restart();
  assert.equal(beginAll(streams), [1]);
});

for (
  const [what, frames, expected] of [
    ["DATA of a new number", [data(1)], [true]],
    ["RESET of a new number", [reset(1)], [true]],
    ["CREDIT", [{ type: "credit", stream: 1, received: 0, limit: 1 }], [false]],
    ["STOP", [{ type: "stop", stream: 1 }], [false]],
    ["DONE", [{ type: "done", stream: 1 }], [false]],
    ["a number a second time", [data(1), data(1)], [true, false]],
    ["a number after a higher one", [data(5), data(1)], [true, true]],
    ["a number of this end's own", [data(2), reset(4)], [false, false]],
  ] as [string, StreamFrame[], boolean[]][]
) {
  test(`to a host, ${what} opens a stream: ${expected}`, () => {
    const streams = new Streams("host");
    assert.equal(frames.map((frame) => streams.opens(frame)), expected);
  });
}

test("a number far ahead breaks the rules", () => {
  assert.is(thrownBy(() => new Streams("host").opens(data(1_000_001))).code, "bad-frame");
});

test("512 more streams are accepted than allowed, 512 refused, and then the rules are broken", () => {
  const streams = new Streams("host");
  let refusedFrom = 0;
  for (let id = 1; id < 6 * MAX_STREAMS; id += 2) {
    assert.ok(streams.opens(data(id)));
    streams.accept(newStream({ id }));
    if (streams.isFull) refusedFrom ||= streams.open;
  }
  assert.equal([refusedFrom, streams.open], [2 * MAX_STREAMS + 1, 3 * MAX_STREAMS]);
  assert.is(thrownBy(() => streams.opens(data(6 * MAX_STREAMS + 1))).code, "bad-frame");
  assert.ok(streams.opens(reset(6 * MAX_STREAMS + 3)), "a RESET keeps nothing open");
});

test("streams are shared from when one is opened beside another that is open", () => {
  const streams = new Streams("page");
  const [first] = add(streams, 1);
  beginAll(streams);
  first!.end();
  first!.receive(data(1));
  assert.not(first!.isOpen);
  add(streams, 1);
  beginAll(streams);
  assert.not(streams.isShared);
  add(streams, 1);
  beginAll(streams);
  assert.ok(streams.isShared);
});

test("restart() fails begun streams, keeps waiting ones, and takes the other end's numbers anew", () => {
  const streams = new Streams("page");
  const [begun, waiting] = add(streams, 2);
  streams.limit(hello({ streams: 1 }));
  beginAll(streams);
  assert.ok(streams.opens(data(2)));
  streams.restart(8);
  assert.is(begun!.signal.reason.code, "session-lost");
  assert.not(waiting!.signal.aborted);
  assert.equal([2, 8].map((id) => streams.opens(data(id))), [false, true]);
});

test("drop() fails begun and waiting streams", () => {
  const streams = new Streams("page");
  const added = add(streams, 2);
  streams.limit(hello({ streams: 1 }));
  beginAll(streams);
  streams.drop({ code: "closed" } as LighthouseError);
  assert.equal(added.map(({ signal }) => signal.reason.code), ["closed", "closed"]);
});

/** A stream that has sent 10 bytes, of which `received` are acknowledged. */
interface Sent {
  opener: "page" | "host";
  received?: number;
  /** Whether the other end's direction was read to its end. */
  isRead?: boolean;
}

/** How the next DATA looks, why the stream failed, or that nothing is to be sent again. */
type Outcome = { from: number } | { failed: string } | "silent";

/** Resumes the page's session with one stream, 1 or 2, that has sent 10 bytes. */
function resume({ opener, received, isRead }: Sent, entry: Held | undefined, late: boolean) {
  const streams = new Streams("page");
  const stream = newStream(opener === "page" ? {} : { id: 2 });
  if (opener === "page") streams.add(stream);
  else streams.accept(stream);
  beginAll(streams);
  stream.sendHead(new Uint8Array(6));
  stream.writeData(new ByteWriter(100));
  if (received) {
    stream.receive({ type: "credit", stream: stream.id, received, limit: 65_536 });
  }
  if (isRead) {
    const bytes = new Uint8Array(4);
    stream.receive({ type: "data", stream: stream.id, offset: 0, bytes, end: true });
  }
  const held = entry ? [{ ...entry, stream: stream.id }] : [];
  // `late`: the other end's list was written before it could know of the stream, or had opened it.
  streams.resume(hello({ held, next: late ? 2 : 4 }), late ? 1 : 3);
  return outcomeOf(stream);
}

function outcomeOf(stream: Stream): Outcome {
  if (stream.signal.aborted) return { failed: stream.signal.reason.code };
  if (!stream.ready) return "silent";
  const writer = new ByteWriter(MAX_MESSAGE);
  stream.writeData(writer);
  const [frame] = decodeMessage(writer.finish());
  return { from: (frame as { offset: number }).offset };
}

const listed = (received: number, limit = 65_536): Held => ({ stream: 0, received, limit });

for (
  const [what, sent, entry, late, outcome] of [
    ["listed", { opener: "page" }, listed(4), false, { from: 4 }],
    ["listed with all that was sent", { opener: "page" }, listed(10), false, "silent"],
    ["listed, with less than is known", { opener: "page", received: 6 }, listed(4), false, {
      from: 6,
    }],
    ["of the other end and listed", { opener: "host" }, listed(4), false, { from: 4 }],
    ["listed with more than was sent", { opener: "page" }, listed(11), false, {
      failed: "bad-frame",
    }],
    ["listed as needing nothing more", { opener: "page" }, listed(4, 0), false, {
      failed: "stopped",
    }],
    ["unlisted, with nothing acknowledged", { opener: "page" }, undefined, false, { from: 0 }],
    ["unlisted, with bytes acknowledged", { opener: "page", received: 4 }, undefined, false, {
      failed: "session-lost",
    }],
    ["unlisted and newer than the list", { opener: "page", received: 4 }, undefined, true, {
      from: 4,
    }],
    ["of the other end and unlisted", { opener: "host" }, undefined, false, {
      failed: "session-lost",
    }],
    ["of the other end and newer than the list", { opener: "host" }, undefined, true, { from: 0 }],
    ["unlisted and read to its end", { opener: "host", isRead: true }, undefined, false, {
      failed: "stopped",
    }],
  ] as [string, Sent, Held | undefined, boolean, Outcome][]
) {
  test(`a resume of a stream that is ${what}: ${JSON.stringify(outcome)}`, () => {
    assert.equal(resume(sent, entry, late), outcome);
  });
}

test("a resume takes the numbers below `next` as used, but for those that are listed", () => {
  const streams = new Streams("host");
  assert.ok(streams.opens(data(7)));
  streams.resume(hello({ next: 11, held: [{ ...listed(0), stream: 3 }] }), 2);
  const ids = [1, 3, 5, 7, 9, 11];
  assert.equal(ids.filter((id) => streams.opens(data(id))), [3, 11]);
});

test.run();
