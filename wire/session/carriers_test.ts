import { setTimeout } from "node:timers/promises";
import * as assert from "uvu/assert";
import { suite } from "../../tools/testing/suite.ts";
import { until } from "../../tools/testing/until.ts";
import { ByteWriter } from "../bytes.ts";
import { LighthouseError } from "../error.ts";
import { MemoryChannel, PacedMemoryChannel } from "../testing/channel_pair.ts";
import { Carrier } from "./carrier.ts";
import { Carriers } from "./carriers.ts";
import type { MeteredChannel } from "./channel.ts";
import { decodeMessage, encodeMessage } from "./frame.ts";
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

/** A channel in memory whose messages count as costly. */
class MeteredMemoryChannel extends MemoryChannel implements MeteredChannel {
  readonly isMetered = true;
  readonly room = 20_000;
  onroom = () => {};
  readonly roundTripTime = 70;
}

/** A carrier over such a channel, and the channel's other end. */
function meteredCarrier() {
  const near = new MeteredMemoryChannel();
  const far = new MemoryChannel();
  MemoryChannel.join(near, far);
  const carrier = new Carrier(near);
  carrier.greet(HELLO);
  far.send(encodeMessage([{ type: "hello", hello: HELLO }]));
  return { carrier, near, far };
}

/** A carrier over a channel whose transport paces itself, and the channel's other end. */
function pacedCarrier() {
  const [near, far] = PacedMemoryChannel.pair();
  const carrier = new Carrier(near);
  carrier.greet(HELLO);
  far.send(encodeMessage([{ type: "hello", hello: HELLO }]));
  return { carrier, near, far };
}

/** Whether a channel's other end has been told that it is closed, from now on. */
function watchClose({ far }: { far: MemoryChannel }): () => boolean {
  let isClosed = false;
  far.onclose = () => isClosed = true;
  return () => isClosed;
}

/** Carriers over channels in memory, and what they report, as short texts. */
function setUp(count: number, liveness = DEAF) {
  const news: string[] = [];
  const areCurrent: (() => boolean)[] = [];
  const carriers = new Carriers({
    liveness,
    isBusy: () => false,
    isUnsettled: () => false,
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

/** Which of the carriers stand by, as 1 and 0. */
const standby = (carriers: Iterable<Carrier>) =>
  [...carriers].map(({ isStandby }) => isStandby ? 1 : 0);

/** Has the other end answer the PING that a carrier is about to send. */
function pong({ carrier, far }: { carrier: Carrier; far: MemoryChannel }): void {
  const writer = new ByteWriter(100);
  carrier.write(writer);
  for (const frame of decodeMessage(writer.finish())) {
    if (frame.type === "ping") far.send(encodeMessage([{ type: "pong", token: frame.token }]));
  }
}

test("silence of the only carrier is reported, once, and a PONG is its end, but not what may be old", async () => {
  using fixture = setUp(1, { busy: soon, idle: soon, dead: 60_000 });
  const { carriers, all, news } = fixture;
  await until(() => news.length === 1);
  all[0]!.far.send(encodeMessage([{ type: "goaway" }]));
  await setTimeout(30);
  assert.equal(news, ["silent", "goaway"]);
  assert.equal(standby(carriers), [0]);
  pong(all[0]!);
  await until(() => news.includes("heard"));
  assert.equal(news.slice(0, 3), ["silent", "goaway", "heard"]);
});

test("one of several that is silent stands by, and the others repeat what it carried", async () => {
  using fixture = setUp(2, { busy: soon, idle: soon, dead: 60_000 });
  const { carriers, all, news } = fixture;
  const timer = setInterval(() => pong(all[0]!), 1);
  await until(() => news.length > 0);
  assert.equal(news, ["lost, 2 left"]);
  assert.equal(standby(carriers), [0, 1]);
  const other = setInterval(() => pong(all[1]!), 1);
  await until(() => !all[1]!.carrier.isStandby);
  clearInterval(timer);
  clearInterval(other);
  assert.equal(news, ["lost, 2 left"]);
});

test("after a silence of all, the first that is heard carries what the others may have lost", async () => {
  using fixture = setUp(3, { busy: soon, idle: soon, dead: 60_000 });
  const { carriers, all, news } = fixture;
  await until(() => news.includes("silent"));
  assert.equal(standby(carriers), [0, 0, 0]);
  const { length } = news;
  const timer = setInterval(() => pong(all[1]!), 1);
  await until(() => news.length > length);
  clearInterval(timer);
  assert.equal(news.slice(length, length + 2), ["heard", "lost, 3 left"]);
  assert.equal(standby(carriers), [1, 0, 1]);
});

test("a dead carrier is closed", async () => {
  using fixture = setUp(1, { busy: soon, idle: soon, dead: 30 });
  const { carriers, news } = fixture;
  await until(() => carriers.size === 0);
  assert.is(news.at(-1), "lost, 0 left");
});

test("over a metered carrier goes nothing that is not needed: no PING, no early ACK", async () => {
  using fixture = setUp(0);
  const { carrier, far } = meteredCarrier();
  const sent: string[] = [];
  far.onmessage = () => sent.push("message");
  fixture.carriers.adopt(carrier);
  await carrier.hello;
  for (let i = 0; i < 3; i++) {
    far.send(
      encodeMessage([{
        type: "data",
        stream: 1,
        offset: 0,
        bytes: new Uint8Array(60_000),
        end: false,
      }]),
    );
  }
  await until(() => fixture.news.length === 3);
  assert.is(carrier.isDue, false);
  assert.is(carrier.roundTripTime, 70);
  assert.is(carrier.maxMessage, 20_000);
  assert.ok(fixture.carriers.isMetered);
  assert.equal(sent, ["message"], "the HELLO");
  far.send(
    encodeMessage([{
      type: "data",
      stream: 1,
      offset: 0,
      bytes: new Uint8Array(60_000),
      end: false,
    }]),
  );
  far.send(
    encodeMessage([{
      type: "data",
      stream: 1,
      offset: 0,
      bytes: new Uint8Array(60_000),
      end: false,
    }]),
  );
  await until(() => carrier.isDue);
});

test("a metered carrier is left for one that joins, takes what is on its way, and is closed", async () => {
  using fixture = setUp(0);
  const { carriers, news } = fixture;
  const metered = meteredCarrier();
  carriers.adopt(metered.carrier);
  await metered.carrier.hello;
  const [near, far] = MemoryChannel.pair();
  const direct = new Carrier(near);
  direct.greet(HELLO);
  far.send(encodeMessage([{ type: "hello", hello: HELLO }]));
  carriers.adopt(direct);
  assert.equal([...carriers], [direct]);
  assert.is(carriers.isMetered, false);
  metered.far.send(encodeMessage([{ type: "goaway" }]));
  await until(() => news.length === 1);
  const isClosed = watchClose(metered);
  await until(isClosed);
  await until(() => news.length === 2);
  assert.equal(news, ["goaway", "lost, 1 left"]);
});

test("a metered carrier whose place another takes hears no more, and closes a little later", async () => {
  using fixture = setUp(0);
  const { carriers, news, areCurrent } = fixture;
  const metered = meteredCarrier();
  carriers.adopt(metered.carrier);
  await metered.carrier.hello;
  const isClosed = watchClose(metered);
  const [near] = MemoryChannel.pair();
  carriers.discard(new Carrier(near));
  assert.is(carriers.size, 0);
  metered.far.send(encodeMessage([{ type: "goaway" }]));
  assert.is(isClosed(), false);
  await until(isClosed);
  assert.equal(areCurrent.map((isCurrent) => isCurrent()), [false]);
  assert.not(news.some((line) => line.startsWith("lost")));
});

test("while a paced carrier is open, the others stand by, whichever came first", async () => {
  using fixture = setUp(2);
  const { carriers, news } = fixture;
  assert.equal(standby(carriers), [0, 0]);
  const paced = pacedCarrier();
  carriers.adopt(paced.carrier);
  assert.equal(standby(carriers), [1, 1, 0]);
  const [near] = MemoryChannel.pair();
  carriers.adopt(new Carrier(near));
  assert.equal(standby(carriers), [1, 1, 0, 1]);
  const second = pacedCarrier();
  carriers.adopt(second.carrier);
  assert.equal(standby(carriers), [1, 1, 0, 1, 0]);
  paced.far.close();
  await until(() => carriers.size === 4);
  assert.equal(standby(carriers), [1, 1, 1, 0]);
  second.far.close();
  await until(() => carriers.size === 3);
  assert.equal(standby(carriers), [0, 0, 0]);
  assert.equal(news, ["lost, 4 left", "lost, 3 left"]);
});

test("when a paced carrier falls silent, it is closed before the others carry again", async () => {
  const liveness = { busy: soon, idle: soon, dead: 60_000 };
  using fixture = setUp(1, liveness);
  const { carriers, all, news } = fixture;
  const paced = pacedCarrier();
  const isClosed = watchClose(paced);
  carriers.adopt(paced.carrier);
  assert.equal(standby(carriers), [1, 0]);
  const timer = setInterval(() => all[0]!.far.send(encodeMessage([])), 1);
  await until(() => carriers.size === 1);
  clearInterval(timer);
  await until(isClosed);
  assert.equal([...carriers].map((carrier) => carrier === all[0]!.carrier), [true]);
  assert.equal(standby(carriers), [0]);
  assert.is(news[0], "lost, 1 left");
});

test("a carrier that comes takes the place of one that is silent", async () => {
  using fixture = setUp(1, { busy: soon, idle: soon, dead: 60_000 });
  const { carriers, all, news } = fixture;
  const isClosed = watchClose(all[0]!);
  await until(() => news.includes("silent"));
  const { carrier } = pacedCarrier();
  carriers.adopt(carrier);
  assert.equal([...carriers].map((one) => one === carrier), [true]);
  await until(isClosed);
  assert.equal(news, ["silent", "heard", "lost, 1 left"]);
});

test("shed() keeps the oldest carrier, and the oldest that paces itself", () => {
  using fixture = setUp(3);
  const { carriers, all } = fixture;
  const { carrier } = pacedCarrier();
  for (const paced of [carrier, pacedCarrier().carrier]) carriers.adopt(paced);
  assert.is(carriers.paced, 2);
  carriers.shed();
  assert.equal([...carriers].map((one) => one === all[0]!.carrier || one === carrier), [
    true,
    true,
  ]);
});

test.run();
