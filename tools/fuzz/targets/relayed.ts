// Messages of a session through the relay, as the other end, which has the keys, can write them.
import * as assert from "uvu/assert";
import { MAX_AHEAD, RelayedInbox } from "../../../wire/session/relayed_inbox.ts";
import {
  type Ack,
  decodeRelayed,
  encodeRelayed,
  MAX_RUNS,
  splitMessages,
} from "../../../wire/session/relayed_message.ts";
import { RelayedOutbox } from "../../../wire/session/relayed_outbox.ts";
import { readVectors } from "../../../wire/testing/read_vectors.ts";
import { fromHex } from "../../../wire/testing/vectors.ts";
import type { Draw } from "../draw.ts";
import { orRefused, type Target } from "../target.ts";

function ackOf(draw: Draw): Ack {
  const small = () => draw.chance(0.9) ? draw.below(12) : draw.whole() % 2 ** 53;
  return {
    next: small(),
    newest: small(),
    delay: small(),
    runs: draw.list(4, () => ({ skipped: small(), there: small() })),
  };
}

export const relayedMessages: Target = {
  name: "relayed-messages",
  invariant:
    "A relayed message is refused with bad-frame, or read into one that is written and read the same.",
  start() {
    const { messages } = readVectors<{ messages: { body: string }[] }>("relayed_messages.json");
    const bodies = messages.map(({ body }) => fromHex(body));
    return (draw) => {
      const body = draw.chance(0.7)
        ? draw.mutateBytes(draw.pick(bodies))
        : encodeRelayed({ ack: ackOf(draw), batch: { id: draw.below(9), bytes: draw.bytes(60) } });
      const read = orRefused(() => decodeRelayed(body), "bad-frame");
      if (!read) return;
      assert.ok(read.ack.runs.length <= MAX_RUNS);
      assert.equal(decodeRelayed(encodeRelayed(read)), read);
      if (read.batch) orRefused(() => splitMessages(read.batch!.bytes), "bad-frame");
    };
  },
};

export const relayedState: Target = {
  name: "relayed-state",
  invariant:
    "Whatever acknowledgements and batches arrive, each batch counts once, and what is on its way stays bounded.",
  start: () => (draw) => {
    const [inbox, outbox] = [new RelayedInbox(), new RelayedOutbox()];
    const taken = new Set<number>();
    for (let now = 0; now < 60_000; now += draw.below(2000) + 1) {
      if (!outbox.isFull) outbox.sent(outbox.add(draw.bytes(4)), now);
      if (outbox.lost) outbox.sent(outbox.lost, now);
      outbox.acked(ackOf(draw), now);
      if (draw.chance(0.2)) outbox.throttled();
      if (now >= outbox.deadline) outbox.expire(now);
      assert.ok(outbox.deadline > now, "a deadline is ahead once it was looked at");
      const id = draw.chance(0.9) ? draw.below(300) : draw.whole() % 2 ** 53;
      inbox.takeNumber(draw.below(5000), now);
      const { next } = inbox.ack(now);
      if (inbox.takeBatch(id, now)) {
        assert.ok(!taken.has(id) && id < next + MAX_AHEAD, `batch ${id} at ${next}`);
        taken.add(id);
      }
      assert.ok(inbox.ack(now).runs.length <= MAX_RUNS);
    }
  },
};
