import * as assert from "uvu/assert";
import { suite } from "../../tools/testing/suite.ts";
import { ACK_MS, MAX_AHEAD } from "./relayed_inbox.ts";
import type { Ack } from "./relayed_message.ts";
import { type Batch, RelayedOutbox } from "./relayed_outbox.ts";

const test = suite("relayed outbox");

const BYTES = Uint8Array.of(1);

function ackOf(next: number, newest: number, more: Partial<Ack> = {}): Ack {
  return { next, newest, delay: 0, runs: [], ...more };
}

/** Sends a number of batches at one time. */
function outboxWith(count: number, now = 0): { outbox: RelayedOutbox; batches: Batch[] } {
  const outbox = new RelayedOutbox();
  const batches = Array.from({ length: count }, () => outbox.add(BYTES));
  for (const batch of batches) outbox.sent(batch, now);
  return { outbox, batches };
}

test("a batch is to be sent until it is, and again when its time is over", () => {
  const outbox = new RelayedOutbox();
  const batch = outbox.add(BYTES);
  assert.is(outbox.lost, batch);
  assert.is(outbox.sent(batch, 100), 0);
  assert.is(outbox.lost, undefined);
  assert.is(outbox.deadline, 2100);
  outbox.expire(2099);
  assert.is(outbox.lost, undefined);
  outbox.expire(2100);
  assert.is(outbox.lost, batch);
  assert.is(outbox.sent(batch, 2100), 1, "a number is never used again");
  assert.is(outbox.deadline, 2100 + 4000, "the next one has more time");
});

test("of several, only the oldest is sent again until there is news", () => {
  const { outbox, batches } = outboxWith(3);
  outbox.expire(2000);
  assert.is(outbox.lost, batches[0]);
  outbox.sent(batches[0], 2000);
  assert.is(outbox.lost, undefined);
  assert.is(outbox.deadline, 6000);
  outbox.expire(6000);
  assert.is(outbox.lost, batches[1]);
});

test("the round trip is measured from any message, without the time that its answer waited", () => {
  const { outbox } = outboxWith(1);
  assert.is(outbox.roundTripTime, undefined);
  outbox.acked(ackOf(2, 1, { delay: 900 }), 1000);
  assert.is(outbox.roundTripTime, 100);
  assert.is(outbox.deadline, Infinity);
  const batch = outbox.add(BYTES);
  outbox.sent(batch, 2000);
  assert.is(outbox.deadline, 2000 + 100 + 200 + ACK_MS);
});

test("a delay beyond the time that has passed counts as no round trip", () => {
  const { outbox } = outboxWith(1);
  outbox.acked(ackOf(2, 1, { delay: 1e9 }), 50);
  assert.is(outbox.roundTripTime, 1);
});

test("a batch that several later messages have overtaken is lost at once", () => {
  const { outbox, batches } = outboxWith(5);
  outbox.acked(ackOf(1, 5, { runs: [{ skipped: 1, there: 4 }] }), 50);
  assert.is(outbox.lost, batches[0]);
});

test("a batch that one message has overtaken has some more time", () => {
  const { outbox, batches } = outboxWith(2);
  outbox.acked(ackOf(1, 2, { runs: [{ skipped: 1, there: 1 }] }), 80);
  assert.is(outbox.lost, undefined);
  assert.is(outbox.deadline, 80 * 1.25 + 100);
  outbox.expire(outbox.deadline);
  assert.is(outbox.lost, batches[0]);
});

test("a repetition that is lost is found by the numbers as well", () => {
  const { outbox, batches } = outboxWith(5);
  outbox.acked(ackOf(1, 5, { runs: [{ skipped: 1, there: 4 }] }), 50);
  outbox.sent(batches[0], 60);
  for (let i = 0; i < 4; i++) outbox.sent(outbox.add(BYTES), 60);
  outbox.acked(ackOf(1, 10, { runs: [{ skipped: 1, there: 8 }] }), 110);
  assert.is(outbox.lost, batches[0]);
});

test("a throttled message is the newest one, and each next is the one before", () => {
  const { outbox, batches } = outboxWith(3);
  outbox.sent(undefined, 0);
  assert.is(outbox.throttled(), true, "an acknowledgement only");
  assert.is(outbox.lost, undefined);
  assert.is(outbox.throttled(), false);
  assert.is(outbox.lost, batches[2]);
  outbox.throttled();
  assert.is(outbox.lost, batches[1]);
  outbox.throttled();
  assert.is(outbox.throttled(), false, "nothing is left");
});

test("no more is on its way than the other end keeps apart", () => {
  const { outbox } = outboxWith(MAX_AHEAD - 1);
  assert.is(outbox.isFull, false);
  outbox.sent(outbox.add(BYTES), 0);
  assert.is(outbox.isFull, true);
  outbox.acked(ackOf(1, 128, { runs: [{ skipped: 1, there: 127 }] }), 1);
  assert.is(outbox.isFull, true, "the first one is missing");
  outbox.acked(ackOf(129, 128), 2);
  assert.is(outbox.isFull, false);
});

for (
  const [what, ack] of [
    ["batches", ackOf(3, 1)],
    ["runs", ackOf(1, 1, { runs: [{ skipped: 0, there: 2 }] })],
    ["endless runs", ackOf(1, 1, { runs: [{ skipped: 2 ** 52, there: 2 ** 52 }] })],
    ["messages", ackOf(1, 2)],
  ] as const
) {
  test(`an acknowledgement of ${what} that were never sent is refused`, () => {
    const { outbox } = outboxWith(1);
    assert.is(outbox.acked(ack, 10), false);
    assert.is(outbox.roundTripTime, undefined);
  });
}

test("an old acknowledgement changes nothing", () => {
  const { outbox, batches } = outboxWith(3);
  outbox.acked(ackOf(3, 3), 10);
  outbox.acked(ackOf(1, 1), 20);
  outbox.expire(outbox.deadline);
  assert.is(outbox.lost, batches[2]);
});

test.run();
