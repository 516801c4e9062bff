// Sessions that move between the relay and direct channels, with a relay that loses, copies and changes
// messages: streams stay exact.
import fc from "fast-check";
import * as assert from "uvu/assert";
import { seededRandom } from "../../tools/testing/random.ts";
import { suite } from "../../tools/testing/suite.ts";
import { bytesOf, isSame, pattern, streamOf } from "../testing/bytes.ts";
import { Link } from "../testing/link.ts";
import { badRelay, fastClock, relayedPair } from "../testing/relayed_pair.ts";
import type { Stream } from "./stream.ts";

const test = suite("session, relayed and direct", { deadline: 90_000 });

const event = fc.record({
  /** Milliseconds to wait before. */
  after: fc.nat(20),
  do: fc.constantFrom(
    // A direct channel takes the place of all others, or joins them; the newest direct one is cut.
    "direct" as const,
    "join" as const,
    "cut" as const,
    // A relayed one takes the place of all others; its socket closes.
    "relay" as const,
    "end" as const,
  ),
});

const scenario = fc.record({
  seed: fc.nat(),
  /** Percent of the relayed messages lost, copied, and changed. */
  percent: fc.nat(25),
  /** Sizes of the bodies up and down, of one stream each. */
  streams: fc.array(fc.tuple(fc.nat(150_000), fc.nat(300_000)), { minLength: 1, maxLength: 5 }),
  events: fc.array(event, { maxLength: 6 }),
});

test("streams are the same whatever ways they take", async () => {
  await fc.assert(
    fc.asyncProperty(scenario, async ({ seed, percent, streams, events }) => {
      const random = seededRandom(seed);
      const echoes: Promise<void>[] = [];
      const link = new Link({ seed, onStream: (stream) => void echoes.push(echo(stream)) });
      const relayed: { end(): void }[] = [];
      const connect = async (what: "relay" | "direct" | "join") => {
        if (what !== "relay") {
          return await link.connect({ join: what === "join" && link.page.carriers > 0 });
        }
        const clock = fastClock(100);
        const pace = { rate: 50, burst: 20 };
        const relay = badRelay(random, percent);
        const { page, host } = await relayedPair({ relay, pace, clock });
        relayed.push({
          end: () => {
            page.end();
            host.end();
          },
        });
        await link.connectOver([page, host]);
      };
      try {
        await connect("relay");
        const exchanges = streams.map((sizes, index) => exchange(link, sizes, index));
        const done = Promise.all(exchanges).then(() => Promise.all(echoes));
        for (const { after, do: what } of events) {
          await new Promise((resolve) => setTimeout(resolve, after));
          if (what === "cut") {
            if (link.channels.length > 0) link.cut();
          } else if (what === "end") relayed.at(-1)!.end();
          else await connect(what);
        }
        let isDone = false;
        done.finally(() => isDone = true).catch(() => {});
        // Whatever was cut last may have been the only way.
        for (; !isDone; await new Promise((resolve) => setTimeout(resolve, 5))) {
          if (link.page.carriers === 0) await connect("relay");
        }
        await done;
      } finally {
        for (const each of relayed) each.end();
        await link.close();
      }
    }),
    { numRuns: 25 },
  );
});

/** Answers with as many bytes as the head says, and checks those that it gets. */
async function echo(stream: Stream): Promise<void> {
  const head = await stream.head;
  const { up, down, index } = JSON.parse(new TextDecoder().decode(head));
  stream.sendHead(head);
  const [bytes] = await Promise.all([
    bytesOf(stream.readable),
    streamOf(pattern(down, index)).pipeTo(stream.writable),
  ]);
  assert.ok(isSame(bytes, pattern(up, index)), `${bytes.length} of ${up} bytes at the host`);
}

async function exchange(link: Link, [up, down]: [number, number], index: number): Promise<void> {
  const stream = link.page.open(new TextEncoder().encode(JSON.stringify({ up, down, index })));
  const [bytes] = await Promise.all([
    bytesOf(stream.readable),
    streamOf(pattern(up, index)).pipeTo(stream.writable),
  ]);
  assert.ok(isSame(bytes, pattern(down, index)), `${bytes.length} of ${down} bytes at the page`);
}

test.run();
