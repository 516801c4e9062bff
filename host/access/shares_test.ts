import * as assert from "uvu/assert";
import { suite } from "../../tools/testing/suite.ts";
import { Memory } from "./memory.ts";
import { type ShareLimits, Shares, type Taker } from "./shares.ts";

const test = suite("shares");

const A = { id: "a", name: "a" };
const B = { id: "b", name: "b" };
const C = { id: "c", name: "c" };
const LIMITS: ShareLimits = { own: 2, each: 8, all: 10 };

/** Takes one by one. @returns How many there were. */
function takeAll(shares: Shares, taker: Taker): number {
  let count = 0;
  while (shares.take(taker, 1)) count++;
  return count;
}

test("whatever some devices take, each other has its own", () => {
  const shares = new Shares(LIMITS);
  assert.equal([A, B, C].map((taker) => takeAll(shares, taker)), [8, 6, 2]);
  assert.is(shares.taken, 16);
});

test("all strangers together take one device's part, and each a quarter of it", () => {
  const shares = new Shares(LIMITS);
  const strangers = Array.from({ length: 6 }, (_, i) => ({ id: `stranger ${i}` }));
  assert.equal(strangers.map((taker) => takeAll(shares, taker)), [2, 2, 2, 2, 0, 0]);
  assert.is(takeAll(shares, A), 6);
});

test("what is given back can be taken again, by anybody", () => {
  const shares = new Shares({ own: 0, each: 4, all: 4 });
  assert.ok(shares.take(A, 3));
  assert.not(shares.take(A, 2), "all or nothing");
  assert.not(shares.take(B, 2));
  shares.give(A, 3);
  assert.ok(shares.take(B, 4));
  shares.give(B, 4);
  assert.is(shares.taken, 0);
});

test("a share of memory holds its first bytes besides", () => {
  const memory = new Memory({ own: 0, each: 100, all: 100 });
  const share = memory.share(A, { free: 10 });
  assert.ok(share.take(60));
  assert.is(memory.taken, 50);
  const other = memory.share(A, { free: 10 });
  assert.not(other.take(61));
  assert.ok(other.take(10), "which it has, whatever others take");
  share.give(55);
  assert.is(memory.taken, 0);
  assert.ok(other.take(100));
  other.give();
  share.give();
  assert.is(memory.taken, 0);
});

test("one that may take a part of the memory leaves the rest", () => {
  const memory = new Memory({ own: 0, each: 100, all: 100 });
  const windows = memory.share(A, { free: 0, part: 3 / 4 });
  assert.not(windows.take(76));
  assert.ok(windows.take(75));
  assert.ok(memory.share(A, { free: 0 }).take(25));
});

test("a share that cannot grow is host-busy", () => {
  const share = new Memory({ own: 0, each: 100, all: 100 }).share(A, { free: 0 });
  share.claim(100);
  assert.throws(() => share.claim(1), /The host holds all the bytes that it can. Try again later/);
});

test.run();
