// The stand-in beside the class that it stands in for: both must tell the same of a peer's life.
import { Duplex as NodeDuplex } from "node:stream";
import * as assert from "uvu/assert";
import { suite } from "../../tools/testing/suite.ts";
import { Duplex } from "./readable_stream.ts";

const test = suite("readable_stream");

/** What simple-peer does with its stream, and what of that a listener sees. */
async function live(stream: Duplex): Promise<unknown[]> {
  const seen: unknown[] = [];
  stream.on("data", (message: unknown) => seen.push(message));
  stream.on("signal", (one: number, two: number) => seen.push(["first", one, two]));
  stream.on("signal", (one: number, two: number) => seen.push(["second", one, two]));
  stream.once("signal", () => seen.push("once"));
  const removed = () => seen.push("removed");
  stream.on("signal", removed).removeListener("signal", removed);
  stream.once("connect", () => {
    // As it is for one that is added while the event is told.
    stream.on("connect", () => seen.push("added"));
    seen.push("connect");
  });
  stream.emit("signal", 1, 2);
  stream.emit("signal", 3, 4);
  stream.emit("connect");
  stream.emit("connect");
  stream.emit("nobody listens");
  // Node's starts to flow only a turn later.
  await new Promise((resolve) => setTimeout(resolve));
  stream.push(Uint8Array.of(1));
  stream.push(Uint8Array.of());
  stream.push("");
  seen.push("all were told at once");
  if (!stream._readableState.ended) stream.push(null);
  if (!stream._writableState.finished) stream.end();
  await new Promise((resolve) => setTimeout(resolve));
  return seen;
}

test("Duplex tells what Node's tells in object mode", async () => {
  const node = new NodeDuplex({ objectMode: true, read() {}, write() {} });
  const expected = await live(node as unknown as Duplex);
  assert.is(expected.length, 11);
  assert.equal(await live(new Duplex()), expected);
});

test.run();
