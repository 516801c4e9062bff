import * as assert from "uvu/assert";
import { suite } from "../../tools/testing/suite.ts";
import { failureOf } from "../../wire/testing/failure.ts";
import { Turns } from "./turns.ts";

const test = suite("turns");

const never = new AbortController().signal;

/** Turns, and who has got one since. */
function setUp(limits: { all?: number; each?: number }) {
  const turns = new Turns(limits);
  const begun: string[] = [];
  return {
    turns,
    begun,
    /** Waits, and notes the name when it begins. */
    wait(principal: string, name = principal, signal = never): Promise<unknown> {
      return turns.wait(principal, signal).then(() => begun.push(name));
    },
    /** Gives a place back, and lets the next one begin. */
    async leave(principal: string): Promise<void> {
      turns.leave(principal);
      await new Promise(setImmediate);
    },
  };
}

test("one principal takes its part, and the others find places", () => {
  const { turns } = setUp({ all: 5, each: 2 });
  assert.equal(["a", "a", "a"].map((id) => turns.enter(id)), [true, true, false]);
  assert.equal(["b", "b", "b"].map((id) => turns.enter(id)), [true, true, false]);
  assert.equal(["c", "c", "d"].map((id) => turns.enter(id)), [true, false, false]);
  turns.leave("a");
  assert.equal(["c", "c"].map((id) => turns.enter(id)), [true, false]);
});

test("by default one principal has 256 of 1,024", () => {
  const turns = new Turns();
  const taken = ["a", "b", "c", "d", "e"].map((id) => {
    let count = 0;
    while (turns.enter(id)) count++;
    return count;
  });
  assert.equal(taken, [256, 256, 256, 256, 0]);
});

test("those of one principal begin in their order", async () => {
  const { turns, begun, wait, leave } = setUp({ each: 1 });
  turns.enter("a");
  for (const name of ["1", "2", "3"]) void wait("a", name);
  for (let i = 0; i < 4; i++) await leave("a");
  assert.equal(begun, ["1", "2", "3"]);
  assert.ok(turns.enter("a"));
});

test("principals who wait take turns", async () => {
  const { turns, begun, wait, leave } = setUp({ all: 1 });
  turns.enter("x");
  for (const id of ["a", "a", "a", "b", "c"]) void wait(id);
  await leave("x");
  while (begun.length < 5) await leave(begun.at(-1)!);
  assert.equal(begun, ["a", "b", "c", "a", "a"]);
});

test("who has its part waits on, while another begins", async () => {
  const { turns, begun, wait, leave } = setUp({ all: 3, each: 2 });
  for (const id of ["a", "a", "b"]) turns.enter(id);
  void wait("a");
  void wait("c");
  await leave("b");
  assert.equal(begun, ["c"]);
  await leave("a");
  assert.equal(begun, ["c", "a"]);
});

test("who is aborted waits no more, and takes no place", async () => {
  const { turns, begun, wait, leave } = setUp({ each: 1 });
  turns.enter("a");
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
  assert.ok(turns.enter("a"));
});

test("close() fails all who wait", async () => {
  const { turns, wait } = setUp({ all: 1 });
  turns.enter("a");
  const waiting = ["a", "b", "b"].map((id) => failureOf(wait(id)));
  turns.close(new Error("closing"));
  for (const { message } of await Promise.all(waiting)) assert.is(message, "closing");
});

test.run();
