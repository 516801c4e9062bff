import * as assert from "uvu/assert";
import { suite } from "../../tools/testing/suite.ts";
import { ACK_MS, MAX_AHEAD, RelayedInbox } from "./relayed_inbox.ts";
import { MAX_RUNS } from "./relayed_message.ts";

const test = suite("relayed inbox");

test("an acknowledgement waits for a message to go with, and not for ever", () => {
  const inbox = new RelayedInbox();
  assert.is(inbox.due, Infinity);
  inbox.takeNumber(0, 50);
  inbox.takeBatch(1, 50);
  assert.is(inbox.due, 50 + ACK_MS);
  assert.equal(inbox.ack(60), { next: 2, newest: 1, delay: 10, runs: [] });
  assert.is(inbox.due, Infinity);
});

test("it comes soon after a gap and after a repetition, and at once after many batches", () => {
  for (const id of [2, 0]) {
    const inbox = new RelayedInbox();
    inbox.takeBatch(id, 0);
    assert.is(inbox.due, 100, `batch ${id}`);
  }
  const inbox = new RelayedInbox();
  for (let id = 1; id <= 16; id++) inbox.takeBatch(id, 0);
  assert.is(inbox.due, 0);
});

test("a message of acknowledgements only asks for none", () => {
  const inbox = new RelayedInbox();
  inbox.takeNumber(7, 0);
  assert.is(inbox.due, Infinity);
});

test("batches come once, in any order, and their runs are told", () => {
  const inbox = new RelayedInbox();
  const taken = [3, 1, 4, 1, 6, 4, 2, 6].map((id) => inbox.takeBatch(id, 0));
  assert.equal(taken, [true, true, true, false, true, false, true, false]);
  assert.equal(inbox.ack(0), { next: 5, newest: 0, delay: 0, runs: [{ skipped: 1, there: 1 }] });
  inbox.takeBatch(8, 0);
  inbox.takeBatch(9, 0);
  const { next, runs } = inbox.ack(0);
  assert.equal({ next, runs }, {
    next: 5,
    runs: [{ skipped: 1, there: 1 }, { skipped: 1, there: 2 }],
  });
});

test("what is too far ahead is dropped, whatever its number", () => {
  const inbox = new RelayedInbox();
  assert.is(inbox.takeBatch(MAX_AHEAD, 0), true);
  assert.is(inbox.takeBatch(1 + MAX_AHEAD, 0), false);
  assert.is(inbox.takeBatch(Number.MAX_SAFE_INTEGER, 0), false);
  assert.is(inbox.takeBatch(1, 0), true);
  assert.is(inbox.takeBatch(1 + MAX_AHEAD, 0), true);
});

test("more gaps than an acknowledgement names are left out", () => {
  const inbox = new RelayedInbox();
  for (let id = 2; id < MAX_AHEAD; id += 2) inbox.takeBatch(id, 0);
  const { runs } = inbox.ack(0);
  assert.is(runs.length, MAX_RUNS);
  assert.equal(runs[31], { skipped: 1, there: 1 });
});

test("a number counts once, and old ones are dropped as if known", () => {
  const inbox = new RelayedInbox();
  assert.is(inbox.takeNumber(5, 0), true);
  assert.is(inbox.takeNumber(5, 0), false);
  assert.is(inbox.takeNumber(4, 0), true);
  for (let number = 6; number < 3000; number++) assert.is(inbox.takeNumber(number, 0), true);
  for (const number of [4, 3, 1000, 2999]) {
    assert.is(inbox.takeNumber(number, 0), false, `${number}`);
  }
});

test.run();
