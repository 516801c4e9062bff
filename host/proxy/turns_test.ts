import * as assert from "uvu/assert";
import { suite } from "../../tools/testing/suite.ts";
import { failureOf } from "../../wire/testing/failure.ts";
import type { ShareLimits, Taker } from "../access/shares.ts";
import { Places, type Turn, type TurnLimits, Turns } from "./turns.ts";

const test = suite("turns");

const never = new AbortController().signal;

/** A device, or a stranger: their names begin with `?`. */
function taker(id: string): Taker {
  return id.startsWith("?") ? { id } : { id, name: id };
}

/** Turns, and who has got one since. */
function setUp(
  limits: Partial<ShareLimits & TurnLimits> = {},
  places = new Places({ own: 0, ...limits }),
) {
  const turns = new Turns(places, limits);
  const begun: string[] = [];
  const all: [id: string, turn: Turn][] = [];
  const keep = (id: string, turn?: Turn) => turn ? all.push([id, turn]) > 0 : false;
  return {
    turns,
    begun,
    places,
    enter: (id: string) => keep(id, turns.enter(taker(id))),
    /** Waits, and notes the name when it begins. */
    wait(id: string, name = id, signal = never): Promise<unknown> {
      return turns.wait(taker(id), signal).then((turn) => begun.push(name) && keep(id, turn));
    },
    /** Ends the oldest turn, of a principal, and lets the next one begin. */
    async leave(id: string): Promise<void> {
      const [ended] = all.splice(all.findIndex(([own]) => own === id), 1);
      ended![1].leave();
      await new Promise(setImmediate);
    },
    /** The backend answers a request, by its place in the order of their beginning. */
    async answer(index: number): Promise<void> {
      all[index]![1].answered();
      await new Promise(setImmediate);
    },
  };
}

test("one principal takes its part, and the others find places", async () => {
  const { enter, leave } = setUp({ all: 5, each: 2 });
  assert.equal(["a", "a", "a"].map(enter), [true, true, false]);
  assert.equal(["b", "b", "b"].map(enter), [true, true, false]);
  assert.equal(["c", "c", "d"].map(enter), [true, false, false]);
  await leave("a");
  assert.equal(["c", "c"].map(enter), [true, false]);
});

test("by default one device has 128 of 1,024 places, and each other has 8 besides", () => {
  const places = new Places();
  const taken = [..."abcdefghij"].map((id) => {
    let count = 0;
    while (places.take(taker(id))) count++;
    return count;
  });
  assert.equal(taken, [...Array(8).fill(128), 72, 8]);
});

test("all strangers together have the places of one device, and each a quarter of them", () => {
  const { enter } = setUp({ each: 8 });
  const count = (id: string) => [1, 2, 3, 4, 5].filter(() => enter(id)).length;
  assert.equal(["?1", "?2", "?3", "?4", "?5"].map(count), [2, 2, 2, 2, 0]);
  assert.is(count("a"), 5);
});

test("those of one principal begin in their order", async () => {
  const { enter, begun, wait, leave } = setUp({ each: 1 });
  enter("a");
  for (const name of ["1", "2", "3"]) void wait("a", name);
  for (let i = 0; i < 4; i++) await leave("a");
  assert.equal(begun, ["1", "2", "3"]);
  assert.ok(enter("a"));
});

test("principals who wait take turns", async () => {
  const { enter, begun, wait, leave } = setUp({ all: 1 });
  enter("x");
  for (const id of ["a", "a", "a", "b", "c"]) void wait(id);
  await leave("x");
  while (begun.length < 5) await leave(begun.at(-1)!);
  assert.equal(begun, ["a", "b", "c", "a", "a"]);
});

test("strangers who wait take one device's turns, and take turns at them", async () => {
  const { enter, begun, wait, leave } = setUp({ all: 1, each: 4 });
  enter("x");
  for (const id of ["?1", "?1", "?2", "?3", "a", "a"]) void wait(id);
  await leave("x");
  while (begun.length < 6) await leave(begun.at(-1)!);
  assert.equal(begun, ["?1", "a", "?2", "a", "?3", "?1"]);
});

test("who has its part waits on, while another begins", async () => {
  const { enter, begun, wait, leave } = setUp({ all: 3, each: 2 });
  for (const id of ["a", "a", "b"]) enter(id);
  void wait("a");
  void wait("c");
  await leave("b");
  assert.equal(begun, ["c"]);
  await leave("a");
  assert.equal(begun, ["c", "a"]);
});

test("a place that one service gives back goes to who waits at another", async () => {
  const one = setUp({ all: 1 });
  const other = setUp({}, one.places);
  one.enter("a");
  void other.wait("a");
  await one.leave("a");
  assert.equal(other.begun, ["a"]);
  await other.leave("a");
  assert.is(one.places.taken, 0);
});

test("one device fills no backend's queue, and another's request is not behind the rest", async () => {
  const { enter, begun, wait, answer } = setUp({ queued: 2 });
  assert.equal(["a", "a", "a", "b"].map(enter), [true, true, false, true]);
  void wait("a", "third");
  void wait("a", "fourth");
  await answer(0);
  assert.equal(begun, ["third"]);
});

test("a request that a later one overtakes holds nobody up", async () => {
  const { enter, begun, wait, answer } = setUp({ queued: 2 });
  assert.equal(["a", "a", "b"].map(enter), [true, true, true]);
  for (const name of ["3", "4", "5"]) void wait("a", name);
  await answer(2);
  assert.equal(begun, ["3", "4"]);
});

test("where a backend answers nothing, one request more begins in time", async () => {
  const { enter, begun, wait } = setUp({ queued: 1, stall: 1 });
  enter("a");
  for (const name of ["2", "3", "4"]) await wait("a", name);
  assert.equal(begun, ["2", "3", "4"]);
});

test("who waits for too long is told that the host is busy", async () => {
  const { enter, wait, places, leave } = setUp({ each: 1, wait: 1 });
  enter("a");
  const error = await failureOf(wait("a"));
  assert.is(error.code, "host-busy");
  assert.match(error.message, "Try again later");
  await leave("a");
  assert.is(places.taken, 0);
});

test("who is aborted waits no more, and takes no place", async () => {
  const { enter, begun, wait, leave } = setUp({ each: 1 });
  enter("a");
  const stop = new AbortController();
  const gone = failureOf(wait("a", "1", stop.signal));
  void wait("a", "2");
  stop.abort(new Error("gone"));
  assert.is((await gone).message, "gone");
  await leave("a");
  assert.equal(begun, ["2"]);
  const before = failureOf(wait("a", "3", AbortSignal.abort(new Error("before"))));
  assert.is((await before).message, "before");
  await leave("a");
  assert.ok(enter("a"));
});

test("close() fails all who wait, and asks for no more places", async () => {
  const { turns, enter, wait, leave } = setUp({ all: 1 });
  enter("a");
  const waiting = ["a", "b", "b"].map((id) => failureOf(wait(id)));
  turns.close(new Error("closing"));
  for (const { message } of await Promise.all(waiting)) assert.is(message, "closing");
  await leave("a");
});

test.run();
