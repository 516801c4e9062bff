import * as assert from "uvu/assert";
import { suite } from "../../tools/testing/suite.ts";
import { Inboxes } from "./inboxes.ts";

const test = suite("Inboxes");

/** Inboxes with a clock that only reading moves, and turns that the test takes. */
function setUp() {
  let time = 1_000;
  const turns: (() => void)[] = [];
  let timers: { at: number; callback: () => void }[] = [];
  const inboxes = new Inboxes({
    now: () => time,
    soon: (callback) => void turns.push(callback),
    later: (callback, ms) => void timers.push({ at: time + ms, callback }),
  });
  const events: string[] = [];
  return {
    events,
    get time() {
      return time;
    },
    /** An inbox whose messages take a time each, in milliseconds. */
    open(name: string, cost: number, owner = name) {
      const inbox = inboxes.open({
        owner,
        read: (message) => {
          events.push(`${name}${typeof message === "string" ? message : message[0] ?? ""}`);
          time += cost;
        },
        onOverflow: () => events.push(`${name} overflows`),
      });
      let next = 0;
      return {
        inbox,
        push: (count = 1) => {
          for (; count > 0; count--) inbox.push(Uint8Array.of(next++));
        },
      };
    },
    /** Takes a turn of the event loop. @returns How long it took. */
    turn(): number {
      const before = time;
      if (turns.length === 0 && timers.length > 0) {
        time = Math.max(
          time,
          Math.min(...timers.map(({ at }) => at)),
        );
      }
      const due = timers.filter(({ at }) => at <= time);
      timers = timers.filter(({ at }) => at > time);
      const start = turns.length === 0 ? time : before;
      for (const callback of [...turns.splice(0), ...due.map(({ callback }) => callback)]) {
        callback();
      }
      return time - start;
    },
    get isIdle() {
      return turns.length === 0 && timers.length === 0;
    },
  };
}

test("a message is read at once, and in order", () => {
  const { open, events } = setUp();
  open("a", 0.01).push(3);
  assert.equal(events, ["a0", "a1", "a2"]);
});

test("a turn ends after 4 ms, and the rest is read in the next ones", () => {
  const fixture = setUp();
  fixture.open("a", 1).push(10);
  assert.is(fixture.events.length, 4);
  assert.is(fixture.turn(), 4);
  fixture.turn();
  assert.equal(fixture.events, Array.from({ length: 10 }, (_, at) => `a${at}`));
  fixture.turn();
  assert.ok(fixture.isIdle);
});

test("connections are read a message of each owner in turn", () => {
  const fixture = setUp();
  const [a, b, c] = [fixture.open("a", 1), fixture.open("b", 1), fixture.open("c", 1, "b")];
  a.push(6);
  b.push(2);
  c.push(2);
  fixture.events.length = 0;
  fixture.turn();
  assert.equal(fixture.events, ["a4", "b0", "a5", "b1"]);
  fixture.turn();
  assert.equal(fixture.events.slice(4), ["c0", "c1"]);
});

test("who sends without others has all of the time", () => {
  const fixture = setUp();
  fixture.open("a", 2).push(200);
  const before = fixture.time;
  for (let turn = 0; turn < 100; turn++) fixture.turn();
  assert.is(fixture.events.length, 200);
  assert.is(fixture.time - before, 400 - 4);
});

test("who sends what takes long has a quarter of the time beside another", () => {
  const fixture = setUp();
  const [slow, quick] = [fixture.open("slow", 2), fixture.open("quick", 0.001)];
  slow.push(1000);
  const start = fixture.time;
  while (fixture.time - start < 1000) {
    quick.push();
    fixture.turn();
  }
  const count = fixture.events.filter((event) => event.startsWith("slow")).length;
  // 250 ms, and the 20 ms that it may use at once.
  assert.ok(count * 2 >= 240 && count * 2 <= 290, `${count * 2} ms`);
});

test("large messages that take little do not count", () => {
  const fixture = setUp();
  const other = fixture.open("other", 0.001);
  let read = 0;
  const bulk = fixture.open("bulk", 0.05);
  for (let at = 0; at < 5000; at++) {
    other.push();
    bulk.inbox.push(new Uint8Array(16 * 1024));
    fixture.turn();
    read = fixture.events.filter((event) => event === "bulk0").length;
  }
  assert.is(read, 5000);
});

for (
  const [what, size, count] of [
    ["2 MiB", 64 * 1024, 32],
    ["65,536 messages", 0, 65_536],
  ] as const
) {
  test(`where more than ${what} wait, the connection ends and nothing more is read`, () => {
    const fixture = setUp();
    const { inbox } = fixture.open("a", 10);
    inbox.push(new Uint8Array(0));
    for (let at = 0; at < count; at++) inbox.push(new Uint8Array(size));
    assert.is(fixture.events.length, 1);
    inbox.push(new Uint8Array(size));
    inbox.push(new Uint8Array(size));
    for (let turn = 0; turn < 100; turn++) fixture.turn();
    assert.is(fixture.events.filter((event) => event === "a overflows").length, 1);
    assert.ok(fixture.events.length < 4);
    let ended = 0;
    inbox.end(() => ended++);
    assert.is(ended, 1);
  });
}

test("a connection ends behind its last message", () => {
  const fixture = setUp();
  const { inbox, push } = fixture.open("a", 5);
  push(2);
  inbox.end(() => fixture.events.push("end"));
  assert.equal(fixture.events, ["a0"]);
  fixture.turn();
  fixture.turn();
  assert.equal(fixture.events, ["a0", "a1", "end"]);
});

test.run();
