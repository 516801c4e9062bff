import * as assert from "uvu/assert";
import { suite } from "../../tools/testing/suite.ts";
import { LighthouseError } from "../../wire/mod.ts";
import { bytesOf, isSame, pattern, streamOf } from "../../wire/testing/bytes.ts";
import { failureOf } from "../../wire/testing/failure.ts";
import { MAX_CHUNK, type PortMessage, PortStream, WINDOW } from "./port_stream.ts";

const test = suite("port_stream");

/** Both ends of a stream. */
function pair(): { opener: PortStream; leader: PortStream } {
  const { port1, port2 } = new MessageChannel();
  return { opener: new PortStream(port1, "opener"), leader: new PortStream(port2, "leader") };
}

/** One end, and the bare port at the other with what has arrived there. */
function oneEnd(role: "opener" | "leader") {
  const { port1, port2 } = new MessageChannel();
  const received: PortMessage[] = [];
  port2.onmessage = ({ data }) => received.push(data);
  return { stream: new PortStream(port1, role), port: port2, received };
}

/** Lets all messages arrive that are under way. */
async function settle(): Promise<void> {
  for (let i = 0; i < 20; i++) await new Promise((resolve) => setTimeout(resolve));
}

function chunk(size = 1): PortMessage {
  return { type: "data", bytes: pattern(size) };
}

test("a request and its answer arrive as they were, and both ends are over", async () => {
  const { opener, leader } = pair();
  const [up, down] = [pattern(300_000), pattern(1_000_000, 2)];
  const sent = streamOf(up).pipeTo(opener.writable);
  assert.ok(isSame(await bytesOf(leader.readable), up));
  leader.sendHead(pattern(5));
  const answered = streamOf(down).pipeTo(leader.writable);
  assert.equal(await opener.head, pattern(5));
  assert.ok(isSame(await bytesOf(opener.readable), down));
  await Promise.all([sent, answered, opener.closed, leader.closed]);
});

test("the writer keeps its chunk, a Buffer included, whatever becomes of the copy", async () => {
  const { opener, leader } = pair();
  const bytes = Buffer.from(pattern(10).buffer);
  const writer = opener.writable.getWriter();
  await writer.write(bytes.subarray(2, 5));
  bytes.fill(0);
  const { value } = await leader.readable.getReader().read();
  assert.equal(value, pattern(10).slice(2, 5));
  assert.is(bytes.length, 10);
  opener.fail(new Error("done"));
  leader.fail(new Error("done"));
});

test("a large chunk is cut into pieces", async () => {
  const { stream, port, received } = oneEnd("opener");
  void stream.writable.getWriter().write(pattern(MAX_CHUNK + 1)).catch(() => {});
  await settle();
  const sizes = received.map((message) => message.type === "data" && message.bytes.length);
  assert.equal(sizes, [MAX_CHUNK, 1]);
  port.close();
});

test("without a pull the writer stops after its window; each pull lets one more chunk go", async () => {
  const { stream, port, received } = oneEnd("leader");
  const writer = stream.writable.getWriter();
  for (let i = 0; i < WINDOW + 5; i++) void writer.write(pattern(1)).catch(() => {});
  await settle();
  assert.is(received.length, WINDOW);
  port.postMessage({ type: "pull" });
  port.postMessage({ type: "pull" });
  await settle();
  assert.is(received.length, WINDOW + 2);
  port.close();
});

test("a reader pulls once for each chunk it takes, and not before", async () => {
  const { stream, port, received } = oneEnd("opener");
  for (let i = 0; i < WINDOW; i++) port.postMessage(chunk());
  await settle();
  assert.equal(received, []);
  const reader = stream.readable.getReader();
  await reader.read();
  await reader.read();
  await settle();
  assert.equal(received, [{ type: "pull" }, { type: "pull" }]);
  port.close();
});

test("more data than there is room for resets the stream", async () => {
  const { stream, port, received } = oneEnd("opener");
  for (let i = 0; i < WINDOW + 1; i++) port.postMessage(chunk());
  await settle();
  assert.is((await failureOf(stream.readable.getReader().read())).code, "bad-frame");
  await settle();
  assert.is(received.at(-1)!.type, "reset");
});

test("what was sent before the end is read after it", async () => {
  const { stream, port, received } = oneEnd("opener");
  await stream.writable.close();
  for (const message of [chunk(3), chunk(2), { type: "end" }]) port.postMessage(message);
  await stream.closed;
  assert.is((await bytesOf(stream.readable)).length, 5);
  await settle();
  // Nobody is there to pull from.
  assert.equal(received, [{ type: "end" }]);
});

for (const [from, to] of [["opener", "leader"], ["leader", "opener"]] as const) {
  test(`a reset by the ${from} reaches the ${to} with code and message`, async () => {
    const ends = pair();
    const read = failureOf(ends[to].readable.getReader().read());
    const written = failureOf(ends[to].writable.getWriter().closed);
    ends[from].reset(new LighthouseError("backend-failed", "It broke"), new Error("mine"));
    for (const { code, message } of [await read, await written]) {
      assert.equal([code, message], ["backend-failed", "It broke"]);
    }
    assert.is(ends[to].signal.reason.code, "backend-failed");
    assert.is((await failureOf(ends[from].readable.getReader().read())).message, "mine");
    await Promise.all([ends[from].closed, ends[to].closed]);
  });
}

test("a reset before the head rejects the head", async () => {
  const { opener, leader } = pair();
  leader.reset(new LighthouseError("connection-lost", "Gone"));
  assert.is((await failureOf(opener.head)).code, "connection-lost");
});

test("a code that this version does not know counts as a lost connection", async () => {
  const { stream, port } = oneEnd("opener");
  port.postMessage({ type: "reset", code: "of-tomorrow", message: "Later" });
  assert.is((await failureOf(stream.head)).code, "connection-lost");
});

test("an answer that is cancelled by its reader resets the stream", async () => {
  const { opener, leader } = pair();
  await opener.readable.cancel();
  assert.is((await failureOf(leader.writable.getWriter().closed)).code, "aborted");
});

test("a body that the leader cancels is stopped, and the answer goes on", async () => {
  const { opener, leader } = pair();
  const sent = failureOf(streamOf(pattern(3 * WINDOW * MAX_CHUNK)).pipeTo(opener.writable));
  await leader.readable.cancel();
  assert.is((await sent).code, "stopped");
  leader.sendHead(pattern(1));
  const answered = streamOf(pattern(9)).pipeTo(leader.writable);
  assert.is((await bytesOf(opener.readable)).length, 9);
  await Promise.all([answered, opener.closed, leader.closed]);
});

test("what comes after a stop is dropped, and counts as nothing", async () => {
  const { stream, port, received } = oneEnd("leader");
  await stream.readable.cancel();
  for (let i = 0; i < WINDOW + 2; i++) port.postMessage(chunk());
  port.postMessage({ type: "end" });
  await stream.writable.getWriter().write(pattern(1));
  await settle();
  assert.equal(received, [{ type: "stop" }, chunk()]);
  port.close();
});

test("a writer that waits for room ends with its stream", async () => {
  const { stream, port } = oneEnd("opener");
  const writer = stream.writable.getWriter();
  const written = Array.from({ length: WINDOW + 1 }, () => writer.write(pattern(1)));
  written.at(-1)!.catch(() => {});
  await settle();
  stream.fail(new Error("gone"));
  assert.is((await failureOf(writer.closed)).message, "gone");
  port.close();
});

test("aborting a writer that waits for room resets the stream", async () => {
  const { stream, port, received } = oneEnd("opener");
  const writer = stream.writable.getWriter();
  for (let i = 0; i <= WINDOW; i++) void writer.write(pattern(1)).catch(() => {});
  await settle();
  await writer.abort(new Error("enough"));
  await settle();
  assert.equal(received.at(-1), { type: "reset", code: "aborted", message: "enough" });
  assert.is(received.filter(({ type }) => type === "data").length, WINDOW);
  port.close();
});

test("fail() ends this end alone, and a second end does nothing", async () => {
  const { stream, port, received } = oneEnd("opener");
  stream.fail(new Error("gone"));
  stream.fail(new Error("again"));
  stream.reset(new LighthouseError("aborted", "late"));
  assert.is((await failureOf(stream.head)).message, "gone");
  await settle();
  assert.equal(received, []);
  port.close();
});

test("a chunk that is no Uint8Array fails the writer", async () => {
  const { stream, port } = oneEnd("opener");
  const error = await failureOf(stream.writable.getWriter().write("text" as never));
  assert.instance(error, TypeError);
  stream.fail(error);
  port.close();
});

test.run();
