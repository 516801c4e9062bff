import fc from "fast-check";
import * as assert from "uvu/assert";
import { suite } from "../../tools/testing/suite.ts";
import { until } from "../../tools/testing/until.ts";
import { bytesOf, isSame, pattern, streamOf } from "../testing/bytes.ts";
import { Link } from "../testing/link.ts";
import type { Stream } from "./stream.ts";

const test = suite("session, any order", { deadline: 30_000 });

/** What happens between two messages' turns. */
const event = fc.record({
  /** Turns of the event loop to wait before. */
  after: fc.nat(6),
  do: fc.constantFrom("cut" as const, "die" as const, "replace" as const, "join" as const),
});

const scenario = fc.record({
  /** Orders the messages. */
  seed: fc.nat(),
  /** Sizes of the bodies up and down, of one stream each. */
  fromPage: fc.array(fc.tuple(fc.nat(200_000), fc.nat(200_000)), { minLength: 1, maxLength: 6 }),
  fromHost: fc.array(fc.tuple(fc.nat(50_000), fc.nat(50_000)), { maxLength: 2 }),
  events: fc.array(event, { maxLength: 8 }),
});

/** The two sizes of a stream, and what its bytes are made from. */
interface Plan {
  up: number;
  down: number;
  seed: number;
}

function headOf({ up, down, seed }: Plan): Uint8Array {
  return new TextEncoder().encode(JSON.stringify({ up, down, seed }));
}

function planOf(head: Uint8Array): Plan {
  return JSON.parse(new TextDecoder().decode(head));
}

/** Sends one body, takes the other, and compares. */
async function exchange(stream: Stream, sent: number, taken: number, seed: number): Promise<void> {
  const [bytes] = await Promise.all([
    bytesOf(stream.readable),
    streamOf(pattern(sent, seed + sent)).pipeTo(stream.writable),
  ]);
  assert.ok(isSame(bytes, pattern(taken, seed + taken)), `${bytes.length} bytes of ${taken}`);
}

async function open(link: Link, isPage: boolean, plan: Plan): Promise<void> {
  const stream = (isPage ? link.page : link.host!).open(headOf(plan));
  assert.equal(planOf(await stream.head), plan);
  await exchange(stream, plan.up, plan.down, plan.seed);
}

test("streams are the same whatever order their messages have, and wherever they are cut", async () => {
  await fc.assert(
    fc.asyncProperty(scenario, async ({ seed, fromPage, fromHost, events }) => {
      const accepted: number[] = [];
      const answers: Promise<void>[] = [];
      const onStream = (stream: Stream) => {
        const answer = async () => {
          const head = await stream.head;
          const plan = planOf(head);
          accepted.push(plan.seed);
          stream.sendHead(head);
          await exchange(stream, plan.down, plan.up, plan.seed);
        };
        answers.push(answer());
      };
      const link = new Link({ seed, onStream, onPageStream: onStream });
      try {
        await link.connect();
        const plans = [...fromPage, ...fromHost].map(([up, down], seed) => ({ up, down, seed }));
        const opened = Promise.all(
          plans.map((plan, index) => open(link, index < fromPage.length, plan)),
        );
        for (const { after, do: what } of events) {
          for (let i = 0; i < after; i++) await new Promise((resolve) => setTimeout(resolve, 0));
          if (what === "cut") link.cut();
          if (what === "die") link.die();
          await link.connect({ join: what === "join" && link.page.carriers > 0 });
        }
        await opened;
        await Promise.all(answers);
        assert.equal(accepted.sort((a, b) => a - b), plans.map(({ seed }) => seed));
        await until(() => link.page.streams === 0 && link.host!.streams === 0);
      } finally {
        await link.close();
      }
    }),
    { numRuns: 40 },
  );
});

test.run();
