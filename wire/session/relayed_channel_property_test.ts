// A relay that loses, copies, delays and changes messages, and that throttles: each message of the carriers
// arrives once all the same.
import fc from "fast-check";
import * as assert from "uvu/assert";
import { seededRandom } from "../../tools/testing/random.ts";
import { suite } from "../../tools/testing/suite.ts";
import { until } from "../../tools/testing/until.ts";
import { pattern } from "../testing/bytes.ts";
import { fastClock, flip, relayedKeys } from "../testing/relayed_pair.ts";
import { RelayedChannel } from "./relayed_channel.ts";

const test = suite("relayed channel, any relay", { deadline: 60_000 });

const scenario = fc.record({
  seed: fc.nat(),
  /** Sizes of the messages of each end. */
  fromPage: fc.array(fc.oneof(fc.nat(100), fc.nat(20_000)), { minLength: 1, maxLength: 40 }),
  fromHost: fc.array(fc.oneof(fc.nat(100), fc.nat(20_000)), { maxLength: 40 }),
  /** Of a hundred messages: those lost, copied, changed, refused with notice; and how long one takes. */
  lost: fc.nat(30),
  copied: fc.nat(30),
  changed: fc.nat(20),
  throttled: fc.nat(20),
  delay: fc.nat(300),
});

const FACTOR = 200;

test("each message arrives once and unchanged, whatever a relay does", async () => {
  await fc.assert(
    fc.asyncProperty(scenario, async (plan) => {
      const random = seededRandom(plan.seed);
      const clock = fastClock(FACTOR);
      const keys = await relayedKeys();
      const chance = (percent: number) => random() * 100 < percent;
      const recorded: string[] = [];
      const carry = (from: () => RelayedChannel, to: () => RelayedChannel) => (ct: string) => {
        if (chance(plan.throttled)) {
          clock.startTimer(plan.delay / 2, () => from().throttled());
          return;
        }
        recorded.push(ct);
        if (chance(plan.lost)) return;
        const copies = [chance(plan.changed) ? flip(ct, random) : ct];
        if (chance(plan.copied)) copies.push(ct);
        // An old one once more, back to its sender as well.
        const old = recorded[Math.floor(random() * recorded.length)]!;
        if (chance(plan.copied)) to().receive(old);
        if (chance(plan.copied)) from().receive(old);
        for (const copy of copies) {
          clock.startTimer(random() * plan.delay, () => to().receive(copy));
        }
      };
      const page: RelayedChannel = new RelayedChannel({
        send: carry(() => page, () => host),
        clock,
      });
      const host: RelayedChannel = new RelayedChannel({
        send: carry(() => host, () => page),
        clock,
        waits: true,
      });
      const pace = { rate: 50, burst: 20 };
      host.start(keys.host, pace);
      page.start(keys.page, pace);
      try {
        const atHost = collect(host);
        const atPage = collect(page);
        plan.fromPage.forEach((size, index) => page.send(pattern(size, index)));
        plan.fromHost.forEach((size, index) => host.send(pattern(size, index)));
        const done = () =>
          atHost.length >= plan.fromPage.length && atPage.length >= plan.fromHost.length;
        await until(done);
        await until(() => page.bufferedAmount === 0 && host.bufferedAmount === 0);
        const sent = (sizes: number[]) =>
          sizes.map((size, index) => String(pattern(size, index))).sort();
        assert.equal(atHost.sort(), sent(plan.fromPage));
        assert.equal(atPage.sort(), sent(plan.fromHost));
      } finally {
        page.end();
        host.end();
      }
    }),
    { numRuns: 30 },
  );
});

function collect(channel: RelayedChannel): string[] {
  const messages: string[] = [];
  channel.onmessage = (message) => messages.push(String(message));
  return messages;
}

test.run();
