import * as assert from "uvu/assert";
import { suite } from "../../tools/testing/suite.ts";
import { until } from "../../tools/testing/until.ts";
import { LighthouseError } from "../error.ts";
import { MemoryChannel } from "../testing/channel_pair.ts";
import { Carrier } from "./carrier.ts";
import { Carriers } from "./carriers.ts";
import { encodeMessage } from "./frame.ts";
import type { Hello } from "./hello.ts";
import type { LivenessRules } from "./liveness.ts";

const test = suite("Carriers");

const HELLO: Hello = {
  session: new Uint8Array(16),
  mode: "new",
  streams: 128,
  credit: 65_536,
  next: 1,
  held: [],
};

const never = { look: 60_000, silent: 60_000 };
const soon = { look: 5, silent: 10 };
const DEAF: LivenessRules = { busy: never, idle: never, dead: 300_000 };

/** Carriers over channels in memory, and what they report, as short texts. */
function setUp(count: number, liveness = DEAF) {
  const news: string[] = [];
  const areCurrent: (() => boolean)[] = [];
  const carriers = new Carriers({
    liveness,
    isBusy: () => false,
    isShared: () => false,
    receive: (frames, isCurrent) => {
      if (frames.length === 0) return;
      news.push(String(frames.map(({ type }) => type)));
      areCurrent.push(isCurrent);
    },
    wake() {},
    onBroken: (error) => news.push(error.code),
    onLost: () => news.push(`lost, ${carriers.size} left`),
    onSilence: (silent) => news.push(silent ? "silent" : "heard"),
  });
  const all = Array.from({ length: count }, () => {
    const [near, far] = MemoryChannel.pair();
    const carrier = new Carrier(near);
    carrier.greet(HELLO);
    far.send(encodeMessage([{ type: "hello", hello: HELLO }]));
    carriers.adopt(carrier);
    return { carrier, far };
  });
  const close = () => carriers.discard();
  return { carriers, all, news, areCurrent, [Symbol.dispose]: close };
}

for (
  const [what, act, left, expected] of [
    ["a closed channel", ({ all }) => all[0]!.far.close(), [1, 2], ["lost, 2 left"]],
    ["shed()", ({ carriers }) => carriers.shed(), [0], ["lost, 2 left", "lost, 1 left"]],
    ["discard()", ({ carriers }) => carriers.discard(), [], []],
    ["discard() of the others", ({ carriers, all }) => carriers.discard(all[1]!.carrier), [1], []],
    ["leave()", ({ carriers }) => carriers.leave(new LighthouseError("closed", "")), [], []],
  ] as [string, (fixture: ReturnType<typeof setUp>) => void, number[], string[]][]
) {
  test(`of three carriers, ${what} leaves ${left}`, async () => {
    using fixture = setUp(3);
    const { carriers, all, news } = fixture;
    act(fixture);
    await until(() => carriers.size === left.length);
    assert.ok([...carriers].every((carrier, at) => carrier === all[left[at]!]!.carrier));
    assert.equal(news, expected);
  });
}

test("a receiver can tell that the carrier of its frames was given up", async () => {
  using fixture = setUp(1);
  const { carriers, all, areCurrent } = fixture;
  all[0]!.far.send(encodeMessage([{ type: "goaway" }]));
  await until(() => areCurrent.length === 1);
  assert.ok(areCurrent[0]!());
  carriers.discard();
  assert.not(areCurrent[0]!());
});

test("a carrier whose other end breaks the rules is reported, unless it was given up", async () => {
  using fixture = setUp(1);
  const { all, news } = fixture;
  all[0]!.far.send("text");
  await until(() => news.length === 1);
  assert.equal(news, ["bad-frame"]);
});

test("silence of the only carrier is reported, once, and so is the end of it", async () => {
  using fixture = setUp(1, { busy: soon, idle: soon, dead: 60_000 });
  const { all, news } = fixture;
  const { far } = all[0]!;
  await until(() => news.length === 1);
  far.send(encodeMessage([{ type: "goaway" }]));
  await until(() => news.includes("heard"));
  assert.equal(news.slice(0, 3), ["silent", "goaway", "heard"]);
});

test("one of several carriers is closed when it is silent", async () => {
  using fixture = setUp(2, { busy: soon, idle: soon, dead: 60_000 });
  const { carriers, news } = fixture;
  await until(() => carriers.size === 1);
  assert.is(news[0], "lost, 1 left");
});

test("a dead carrier is closed", async () => {
  using fixture = setUp(1, { busy: soon, idle: soon, dead: 30 });
  const { carriers, news } = fixture;
  await until(() => carriers.size === 0);
  assert.is(news.at(-1), "lost, 0 left");
});

test.run();
