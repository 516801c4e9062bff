import fc from "fast-check";
import * as assert from "uvu/assert";
import { suite } from "../../tools/testing/suite.ts";
import { thrownBy } from "../testing/failure.ts";
import { RemoteStreamIds } from "./remote_stream_ids.ts";

const test = suite("SeenStreams");

test("each number counts once, in whatever order and however often they come", () => {
  const numbers = fc.array(fc.nat(200).map((number) => 2 * number + 1));
  fc.assert(fc.property(numbers, (numbers) => {
    const seen = new RemoteStreamIds(1);
    const known = new Set<number>();
    for (const number of numbers) {
      assert.is(seen.add(number), !known.has(number));
      known.add(number);
    }
  }));
});

test("numbers below the first are over", () => {
  const seen = new RemoteStreamIds(9);
  assert.is(seen.add(7), false);
  assert.is(seen.add(9), true);
});

test("a number of the other kind is refused", () => {
  const error = thrownBy(() => new RemoteStreamIds(1).add(4));
  assert.is(error.code, "bad-frame");
  assert.match(error.message, "Cannot open stream 4: 1 is next");
});

test("no more than 4096 numbers may be missing", () => {
  assert.is(new RemoteStreamIds(1).add(1 + 2 * 4096), true);
  assert.is(thrownBy(() => new RemoteStreamIds(1).add(3 + 2 * 4096)).code, "bad-frame");
  const seen = new RemoteStreamIds(1);
  seen.add(1 + 2 * 4000);
  assert.is(thrownBy(() => seen.add(3 + 2 * 4100)).code, "bad-frame");
  for (let id = 1; id < 1000; id += 2) seen.add(id);
  assert.is(seen.add(3 + 2 * 4100), true);
});

test("after a HELLO, only what it lists is still waited for", () => {
  const seen = new RemoteStreamIds(1);
  for (const id of [3, 9, 15]) seen.add(id);
  seen.settle(21, new Map([3, 5, 9, 8, 17].map((id) => [id, undefined])));
  for (const id of [1, 7, 11, 13, 19]) assert.is(seen.add(id), false, `${id} is over`);
  for (const id of [5, 17, 21]) assert.is(seen.add(id), true, `${id} comes`);
  for (const id of [3, 9, 15, 5, 17]) assert.is(seen.add(id), false, `${id} was there`);
});

test("numbers that the HELLO could not know of are still waited for", () => {
  const seen = new RemoteStreamIds(1);
  seen.add(11);
  seen.settle(5, new Map());
  assert.equal([1, 3, 5, 7, 9, 11, 13].map((id) => seen.add(id)), [
    false,
    false,
    true,
    true,
    true,
    false,
    true,
  ]);
});

test("a HELLO far ahead costs nothing", () => {
  const seen = new RemoteStreamIds(1);
  seen.settle(Number.MAX_SAFE_INTEGER, new Map([[2 ** 40 + 1, undefined]]));
  assert.is(seen.add(2 ** 40 + 1), true);
  assert.is(seen.add(2 ** 40 + 3), false);
});

test.run();
