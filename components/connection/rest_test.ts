import * as assert from "uvu/assert";
import { suite } from "../../tools/testing/suite.ts";
import { ManualTimers } from "../testing/manual_timers.ts";
import { Rest } from "./rest.ts";

const test = suite("rest");

const REST_MS = 180_000;
const REQUEST = new TextEncoder().encode("{}");
const OFFER = new TextEncoder().encode("v=0\r\n");

function setUp() {
  const timers = new ManualTimers();
  const calls: string[] = [];
  const rest = new Rest({ onUnused: () => calls.push("unused"), startTimer: timers.start });
  /** Opens a stream. @returns Closes it. */
  const open = (head = REQUEST) => {
    const { promise: closed, resolve } = Promise.withResolvers<void>();
    rest.note({ closed }, head);
    return async () => {
      resolve();
      await closed;
    };
  };
  return { rest, timers, calls, open };
}

test("a session is unused after three minutes without a stream", () => {
  const { rest, timers, calls } = setUp();
  assert.equal(timers.running, []);
  rest.start();
  rest.start();
  assert.equal(timers.running, [REST_MS]);
  timers.expire(REST_MS);
  assert.equal([timers.running, calls], [[], ["unused"]]);
});

test("streams that are open use it, however silent they are; the last one's end begins the time", async () => {
  const { rest, timers, open } = setUp();
  const closeFirst = open();
  rest.start();
  assert.equal(timers.running, []);
  const closeSecond = open();
  await closeFirst();
  assert.equal(timers.running, []);
  await closeSecond();
  assert.equal(timers.running, [REST_MS]);
  const closeThird = open();
  assert.equal(timers.running, []);
  rest.stop();
  await closeThird();
  assert.equal(timers.running, []);
});

test("an attempt at a better way does not use it", () => {
  const { rest, timers, open } = setUp();
  rest.start();
  open(OFFER);
  assert.equal(timers.running, [REST_MS]);
});

test.run();
