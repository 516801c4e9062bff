import * as assert from "uvu/assert";
import { suite } from "../../tools/testing/suite.ts";
import { failureOf } from "../../wire/testing/failure.ts";
import { Memory } from "../access/memory.ts";
import { countBody } from "./counted_body.ts";

const test = suite("counted_body");

const KiB = 1024;
const MiB = 1024 * KiB;

/** A body of parts of the given sizes, and what was asked of it. */
function bodyOf(...sizes: number[]) {
  const left = [...sizes];
  const seen = { taken: 0, reason: undefined as unknown };
  const body = new ReadableStream<Uint8Array>({
    pull(controller) {
      const size = left.shift();
      if (size === undefined) return controller.close();
      seen.taken += size;
      controller.enqueue(new Uint8Array(size).map((_, at) => at + left.length));
    },
    cancel: (reason) => void (seen.reason = reason),
  }, { highWaterMark: 0 });
  return { body, seen };
}

const never = new AbortController().signal;

function setUp(each = 16 * MiB, all = 128 * MiB) {
  const memory = new Memory({ own: 0, all, each });
  return {
    memory,
    count: (body: ReadableStream<Uint8Array>, signal = never, principal = "phone") =>
      countBody(body, memory.share({ id: principal, name: principal }, { free: 0 }), signal),
  };
}

async function bytesOf(body: ReadableStream<Uint8Array>): Promise<Uint8Array> {
  return new Uint8Array(await new Response(body).arrayBuffer());
}

const whole: [what: string, sizes: number[], length: number][] = [
  ["nothing", [], 0],
  ["an empty part", [0], 0],
  ["one part", [5], 5],
  ["parts, some of them empty", [3, 0, 4, 0], 7],
  ["1 MiB", [MiB - 1, 1], MiB],
];
for (const [what, sizes, length] of whole) {
  test(`a body of ${what} has its length, and arrives byte for byte`, async () => {
    const { memory, count } = setUp();
    const counted = await count(bodyOf(...sizes).body);
    assert.is(counted.length, length);
    assert.is(memory.taken, length);
    const bytes = await bytesOf(counted.body);
    assert.is(Buffer.compare(bytes, await bytesOf(bodyOf(...sizes).body)), 0);
    assert.is(memory.taken, 0);
  });
}

test("a longer body has no length, is not read further, and arrives byte for byte", async () => {
  const { memory, count } = setUp();
  const sizes = Array.from({ length: 48 }, () => 64 * KiB);
  const { body, seen } = bodyOf(...sizes);
  const counted = await count(body);
  assert.is(counted.length, undefined);
  assert.is(seen.taken, MiB + 64 * KiB);
  const bytes = await bytesOf(counted.body);
  assert.is(Buffer.compare(bytes, await bytesOf(bodyOf(...sizes).body)), 0);
  assert.is(memory.taken, 0);
});

test("an abort while it counts gives the body up, and its bytes back", async () => {
  const { memory, count } = setUp();
  const cancelled = Promise.withResolvers<unknown>();
  const body = new ReadableStream<Uint8Array>({
    start: (controller) => controller.enqueue(new Uint8Array(9)),
    cancel: cancelled.resolve,
  });
  const stop = new AbortController();
  const counting = failureOf(count(body, stop.signal));
  const reason = new Error("the page went away");
  stop.abort(reason);
  assert.is((await counting).message, "the page went away");
  assert.is(await cancelled.promise, reason);
  assert.is(memory.taken, 0);
});

test("a body that fails while it counts fails so, and gives its bytes back", async () => {
  const { memory, count } = setUp();
  let parts = 1;
  const body = new ReadableStream<Uint8Array>({
    pull(controller) {
      if (parts-- > 0) controller.enqueue(new Uint8Array(9));
      else controller.error(new Error("lost"));
    },
  });
  const { code, message } = await failureOf(count(body));
  assert.equal([code, message], ["aborted", "lost"]);
  assert.is(memory.taken, 0);
});

test("a body that fails behind its first MiB fails for its reader", async () => {
  const { count } = setUp();
  let parts = 3;
  const body = new ReadableStream<Uint8Array>({
    pull(controller) {
      if (parts-- > 0) controller.enqueue(new Uint8Array(MiB));
      else controller.error(new Error("lost"));
    },
  }, { highWaterMark: 0 });
  const counted = await count(body);
  assert.is((await failureOf(bytesOf(counted.body))).message, "lost");
});

test("a counted body that is given up gives its bytes back, and the rest is not read", async () => {
  const { memory, count } = setUp();
  const { body, seen } = bodyOf(MiB, MiB, MiB);
  const counted = await count(body);
  await counted.body.cancel("enough");
  assert.is(memory.taken, 0);
  assert.equal(seen, { taken: 2 * MiB, reason: "enough" });
});

test("bodies beyond what one may hold, or all, are refused with host-busy", async () => {
  const { memory, count } = setUp(2 * MiB, 3 * MiB);
  const first = await count(bodyOf(MiB).body);
  const { body, seen } = bodyOf(MiB, 1);
  const error = await failureOf(count(body));
  assert.is(error.code, "host-busy");
  assert.is(error.message, "The host holds all the bytes that it can. Try again later");
  assert.is(seen.reason, error);
  assert.is(memory.taken, MiB);

  await count(bodyOf(MiB).body);
  assert.is((await failureOf(count(bodyOf(1).body))).code, "host-busy");
  await count(bodyOf(MiB).body, never, "tablet");
  assert.is((await failureOf(count(bodyOf(1).body, never, "laptop"))).code, "host-busy");
  await first.body.cancel();
  assert.is((await count(bodyOf(1).body)).length, 1);
});

test.run();
