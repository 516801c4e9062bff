import * as assert from "uvu/assert";
import { suite } from "../../tools/testing/suite.ts";
import { LighthouseError } from "../error.ts";
import { connectSessions } from "../testing/session_pair.ts";
import { decodeMessage, type StreamFrame } from "./frame.ts";
import type { Stream } from "./stream.ts";

const test = suite("stream");

/** A stream as the host has it, open in both directions. */
async function hostStream(): Promise<{ stream: Stream; [Symbol.dispose](): void }> {
  const opened = Promise.withResolvers<Stream>();
  const { page, host } = await connectSessions({ host: { onStream: opened.resolve } });
  page.open(new Uint8Array([1]));
  const stream = await opened.promise;
  await stream.head;
  return {
    stream,
    [Symbol.dispose]() {
      page.close();
      host.close();
    },
  };
}

/** A frame that ends the other end's direction, with no bytes. */
function endAt({ id }: Stream, offset: number): StreamFrame {
  return { type: "data", stream: id, offset, bytes: new Uint8Array(), end: true };
}

async function failureOf(promise: Promise<unknown>): Promise<string> {
  return await promise.then(() => "none", (error) => (error as LighthouseError).code);
}

test("a DONE before the end was sent tells the writer, and aborts the signal", async () => {
  using opened = await hostStream();
  const { stream } = opened;
  stream.receive({ type: "done", stream: stream.id });
  assert.is(await failureOf(stream.writable.getWriter().write(new Uint8Array(10))), "stopped");
  assert.ok(stream.signal.aborted);
});

test("a stream that the other end no longer lists tells its writer", async () => {
  using opened = await hostStream();
  const { stream } = opened;
  await stream.readable.cancel();
  stream.receive(endAt(stream, 5));
  assert.ok(stream.resume(undefined, false));
  assert.is(await failureOf(stream.writable.getWriter().write(new Uint8Array(10))), "stopped");
  assert.ok(stream.signal.aborted);
});

test("a readable made late has the bytes from before, and the end or the failure", async () => {
  for (const fails of [false, true]) {
    const opened = Promise.withResolvers<Stream>();
    const { page, host } = await connectSessions({ host: { onStream: opened.resolve } });
    const mine = page.open(new Uint8Array([1]));
    const stream = await opened.promise;
    stream.sendHead(new Uint8Array([2]));
    await stream.send(new Blob(["all of it"]).stream());
    await mine.head;
    await new Promise((resolve) => setTimeout(resolve, 10));
    if (fails) mine.reset(new LighthouseError("aborted", "Enough"));
    const text = new Response(mine.readable as BodyInit).text();
    assert.is(await (fails ? failureOf(text) : text), fails ? "aborted" : "all of it");
    const { closed } = mine.writable.getWriter();
    if (fails) assert.is(await failureOf(closed), "aborted");
    page.close();
    host.close();
    await closed.catch(() => {});
  }
});

/** A body that gives one chunk and then waits. @returns It, and why it was cancelled. */
function waitingBody() {
  const cancelled = Promise.withResolvers<unknown>();
  const body = new ReadableStream<Uint8Array>({
    start: (controller) => controller.enqueue(new Uint8Array([1])),
    cancel: cancelled.resolve,
  });
  return { body, cancelled: cancelled.promise };
}

test("a body is cancelled when nobody wants it: while it waits, and before it begins", async () => {
  for (const begins of ["before", "after"]) {
    using opened = await hostStream();
    const { stream } = opened;
    const { body, cancelled } = waitingBody();
    if (begins === "after") stream.receive({ type: "stop", stream: stream.id });
    const sent = failureOf(stream.send(body));
    await new Promise((resolve) => setTimeout(resolve, 10));
    if (begins === "before") stream.receive({ type: "stop", stream: stream.id });
    assert.is(await sent, "stopped");
    assert.is((await cancelled as LighthouseError).code, "stopped");
  }
});

test("a body that fails leaves the stream open", async () => {
  using opened = await hostStream();
  const { stream } = opened;
  const error = new LighthouseError("backend-failed", "It broke off");
  const body = new ReadableStream<Uint8Array>({ start: (controller) => controller.error(error) });
  assert.is(await failureOf(stream.send(body)), "backend-failed");
  assert.not(stream.signal.aborted);
});

test("a stream is open until all has been read and sent, whatever the other end knows of it", async () => {
  using opened = await hostStream();
  const { stream } = opened;
  assert.is(stream.isOpen, true);
  stream.receive(endAt(stream, 5));
  assert.is(stream.isOpen, true);
  stream.sendHead(new Uint8Array([2]));
  stream.end();
  await new Promise((resolve) => setTimeout(resolve, 10));
  assert.is(stream.isOpen, false);
});

test("only bytes are sent", async () => {
  using opened = await hostStream();
  const cancelled = Promise.withResolvers<unknown>();
  const body = new ReadableStream({
    start: (controller) => controller.enqueue("text"),
    cancel: cancelled.resolve,
  });
  const sent = opened.stream.send(body).then(() => "sent", (error) => (error as Error).message);
  assert.match(await sent, "no Uint8Array");
  await cancelled.promise;
});

test("a DONE after the end is no failure", async () => {
  using opened = await hostStream();
  const { stream } = opened;
  stream.sendHead(new Uint8Array([2]));
  await stream.writable.close();
  await new Promise((resolve) => setTimeout(resolve, 10));
  stream.receive({ type: "done", stream: stream.id });
  assert.not(stream.signal.aborted);
});

test("bytes written and ended in one turn leave in one message", async () => {
  const opened = Promise.withResolvers<Stream>();
  const soon = (callback: () => void) => void setTimeout(callback, 0);
  const pair = await connectSessions({ host: { onStream: opened.resolve, soon } });
  const mine = pair.page.open(new Uint8Array([1]));
  const stream = await opened.promise;
  await stream.head;
  let messages = 0;
  const { onmessage } = pair.channels.page;
  pair.channels.page.onmessage = (message) => {
    const frames = decodeMessage(message as Uint8Array<ArrayBuffer>);
    if (frames.some(({ type }) => type === "data")) messages++;
    onmessage(message);
  };
  stream.sendHead(new Uint8Array([2]));
  const writer = stream.writable.getWriter();
  writer.write(new TextEncoder().encode("all of it"));
  await writer.close();
  assert.is(await new Response(mine.readable as BodyInit).text(), "all of it");
  assert.is(messages, 1);
  pair.page.close();
  pair.host.close();
});

test("a writer may change its bytes once they are written", async () => {
  const opened = Promise.withResolvers<Stream>();
  const { page, host } = await connectSessions({ host: { onStream: opened.resolve } });
  const mine = page.open(new Uint8Array([1]));
  const stream = await opened.promise;
  stream.sendHead(new Uint8Array([2]));
  const writer = stream.writable.getWriter();
  const arriving = new Response(mine.readable as BodyInit).arrayBuffer();
  const buffer = new Uint8Array(30_000);
  for (let round = 1; round <= 10; round++) await writer.write(buffer.fill(round));
  buffer.fill(0);
  writer.close();
  const arrived = new Uint8Array(await arriving);
  const expected = Array.from({ length: 10 }, (_, round) => Array(30_000).fill(round + 1)).flat();
  assert.ok(expected.every((byte, at) => arrived[at] === byte), "bytes were changed");
  assert.is(arrived.length, expected.length);
  page.close();
  host.close();
});

test.run();
