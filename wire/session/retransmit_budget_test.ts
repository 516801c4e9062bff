import * as assert from "uvu/assert";
import { suite } from "../../tools/testing/suite.ts";
import { until } from "../../tools/testing/until.ts";
import { ByteWriter } from "../bytes.ts";
import { MemoryChannel } from "../testing/channel_pair.ts";
import { pageSession } from "../testing/session_pair.ts";
import { Carrier } from "./carrier.ts";
import { PathWindow } from "./congestion_window.ts";
import { encodeMessage } from "./frame.ts";
import { INITIAL_LIMITS } from "./hello.ts";
import { ENDLESS } from "./memory_budget.ts";
import { RetransmitBudget } from "./retransmit_budget.ts";
import { SendStream } from "./send_stream.ts";

const test = suite("RetransmitBudget");

const MiB = 1024 * 1024;

/** A stream that may send all it wants, and wants to send much. */
function greedy(budget: RetransmitBudget): SendStream {
  const stream = new SendStream(Number.MAX_SAFE_INTEGER, budget, () => {});
  stream.queue(new Uint8Array(20 * MiB));
  return stream;
}

/** Sends what may be sent. @returns How much that is. */
function send(stream: SendStream): number {
  let sent = 0;
  while (stream.ready) sent += stream.take(10_000)!.bytes.length;
  return sent;
}

test("all streams keep their first credit, and 16 MiB more between them", () => {
  const budget = new RetransmitBudget(() => {}, ENDLESS);
  const sent = Array.from({ length: 10 }, () => send(greedy(budget)));
  assert.is(sent[0], INITIAL_LIMITS.credit + 16 * MiB);
  assert.equal(sent.slice(1), Array(9).fill(INITIAL_LIMITS.credit));
});

for (
  const [what, free] of [
    ["has arrived", (stream: SendStream) => stream.credit(stream.sent, Infinity)],
    ["nobody wants", (stream: SendStream) => stream.stop()],
    ["needs no more to be kept", (stream: SendStream) => stream.finish()],
  ] as const
) {
  test(`what ${what} makes room for others, who are told once`, () => {
    let told = 0;
    const budget = new RetransmitBudget(() => told++, ENDLESS);
    const [first, second, third] = [greedy(budget), greedy(budget), greedy(budget)];
    for (const stream of [first, second]) send(stream);
    assert.is(told, 0);
    free(first);
    assert.is(told, 1);
    assert.is(send(second), 16 * MiB);
    second.rewind();
    assert.is(send(second), INITIAL_LIMITS.credit + 16 * MiB);
    assert.is(send(third), INITIAL_LIMITS.credit);
    third.finish();
    assert.is(told, 1);
  });
}

test("a session bounds what it keeps for an end that takes all and says nothing of it", async () => {
  const page = pageSession();
  const [near, far] = MemoryChannel.pair();
  const greedy = new Carrier(far);
  const connecting = page.connect(new Carrier(near));
  greedy.greet({ ...await greedy.hello, next: 2, credit: 4 * MiB });
  /** Bytes of each stream. */
  const taken = new Map<number, number>();
  const total = () => [...taken.values()].reduce((sum, bytes) => sum + bytes, 0);
  greedy.adopt({
    receive(frames) {
      for (const frame of frames) {
        if (frame.type === "data") taken.set(frame.stream, frame.offset + frame.bytes.length);
      }
    },
    wake() {
      const writer = new ByteWriter(100);
      greedy.write(writer);
      if (writer.length > 0) greedy.send(writer.finish());
    },
    broken: (error) => assert.unreachable(error.message),
    closed() {},
    isShared: false,
    path: new PathWindow(),
  });
  await connecting;
  for (let i = 0; i < 10; i++) {
    const { writable } = page.open(new Uint8Array());
    writable.getWriter().write(new Uint8Array(20 * MiB)).catch(() => {});
  }
  const most = 10 * INITIAL_LIMITS.credit + 16 * MiB;
  await until(() => total() === most);

  // What one says that it has got is to be had by all.
  const [received, another] = [taken.get(1)!, taken.get(3)!];
  greedy.send(encodeMessage([{ type: "credit", stream: 1, received, limit: received }]));
  await until(() => total() === most + received);
  assert.ok(taken.get(3)! > another);
  page.close();
  near.close();
});

test("memory of a message's size is used again", () => {
  const budget = new RetransmitBudget(() => {}, ENDLESS);
  const first = budget.room(16 * 1024);
  assert.is(first.length, 16 * 1024);
  budget.recycle(first);
  const second = budget.room(10_000);
  assert.is(second.buffer, first.buffer);
  assert.is(second.length, 10_000);
  const small = budget.room(100);
  budget.recycle(small);
  assert.is.not(budget.room(100).buffer, small.buffer);
});

test.run();
