import * as assert from "uvu/assert";
import { suite } from "../../tools/testing/suite.ts";
import { until } from "../../tools/testing/until.ts";
import { Carrier, quicProofOf, type Session } from "../../wire/mod.ts";
import { MemoryChannel } from "../../wire/testing/channel_pair.ts";
import { failureOf } from "../../wire/testing/failure.ts";
import { acceptPage, connectPage } from "../../wire/testing/session_pair.ts";
import { ManualTimers } from "../testing/manual_timers.ts";
import { QuicLink, type QuicTarget } from "./quic_link.ts";
import type { OpenedQuic } from "./quic_way.ts";

const test = suite("quic link");

const HURRY_MS = 400;
const CLOSE_MS = 200;
const TARGET: QuicTarget = {
  way: { addresses: ["192.0.2.1:4433"], hash: new Uint8Array(32), ticket: new Uint8Array(32) },
  proof: new Uint8Array(32).fill(5),
};
const PROOF = await quicProofOf(TARGET.proof, TARGET.way);

/** One attempt, which the test brings to an end. */
interface Attempt extends PromiseWithResolvers<OpenedQuic> {
  signal: AbortSignal;
}

/** A channel over QUIC in memory. */
function openedQuic() {
  const [near, far] = MemoryChannel.pair();
  const closed = Promise.withResolvers<void>();
  const opened = {
    channel: near,
    closed: closed.promise,
    isOver: false,
    stats: () => Promise.resolve({ path: "quic" as const, bytesSent: 0, bytesReceived: 0 }),
    close() {
      opened.isOver = true;
      near.close();
      closed.resolve();
    },
  };
  return { opened, far };
}

/** A link of a connected session, whose host is the test. */
async function setUp() {
  const [near, far] = MemoryChannel.pair();
  const hosting = acceptPage(new Carrier(far));
  let session: Session | undefined = await connectPage(near);
  const host = await hosting;
  const sessions = [session, host];
  const timers = new ManualTimers();
  const attempts: Attempt[] = [];
  const news: OpenedQuic[] = [];
  const link = new QuicLink({
    session: () => session,
    onOpen: (opened) => news.push(opened),
    open: (way, signal) => {
      assert.is(way, TARGET.way);
      const attempt = { signal, ...Promise.withResolvers<OpenedQuic>() };
      signal.addEventListener("abort", () => attempt.reject(signal.reason));
      attempts.push(attempt);
      return attempt.promise;
    },
    startTimer: timers.start,
  });
  return {
    link,
    host,
    timers,
    attempts,
    news,
    page: session,
    /** Another session takes the place of the page's. */
    replace(by?: Session) {
      session = by;
    },
    /** An attempt succeeds. @returns What it has opened, with the host's end. */
    open(at = attempts.length - 1) {
      const made = openedQuic();
      attempts[at]!.resolve(made.opened);
      return made;
    },
    /** An attempt succeeds, and the host takes the channel. */
    async take(at?: number) {
      const made = this.open(at);
      const carrier = new Carrier(made.far);
      const hello = await carrier.hello;
      assert.equal([hello.mode, hello.proof], ["join", PROOF]);
      host.accept(carrier, hello, false);
      return made;
    },
    /** The same; returns when the channel carries the session. */
    async join(at?: number) {
      const { length } = news;
      const made = await this.take(at);
      await until(() => news.length > length);
      return made;
    },
    /** The host answers a session that something carries, and takes the first channel. */
    async connect() {
      link.begin(TARGET);
      link.carried();
      return await this.join();
    },
    [Symbol.dispose]() {
      link.stop();
      for (const each of sessions) each.close();
    },
  };
}

/** Lets everything happen that is due. */
const settle = () => new Promise((resolve) => setTimeout(resolve, 5));

test("after an answer, a channel joins what carries the session", async () => {
  using fixture = await setUp();
  const { link, page, news, timers } = fixture;
  const { opened } = await fixture.connect();
  assert.equal(news, [opened]);
  assert.is(link.isOpen, true);
  assert.is(page.carriers, 2);
  assert.equal(timers.running, []);
});

test("a channel waits until something carries the session", async () => {
  using fixture = await setUp();
  const { link, page, news } = fixture;
  link.begin(TARGET);
  const { far } = fixture.open();
  const sent: unknown[] = [];
  far.onmessage = (message) => sent.push(message);
  await settle();
  assert.equal([sent.length, link.isOpen, page.carriers], [0, false, 1]);
  link.carried();
  await until(() => sent.length > 0);
  assert.equal(news, []);
});

test("a host that offers no channel, and one that is not reached, lead to no more attempts", async () => {
  using fixture = await setUp();
  const { link, attempts, timers } = fixture;
  link.begin(undefined);
  link.hurry();
  assert.is(attempts.length, 0);
  link.begin(TARGET);
  link.carried();
  attempts[0]!.reject(new Error("The host does not answer over QUIC"));
  await settle();
  link.hurry();
  assert.equal([attempts.length, timers.running, link.isOpen], [1, [], false]);
});

test("while nothing is heard, attempts begin beside each other, up to 20", async () => {
  using fixture = await setUp();
  const { link, attempts, timers } = fixture;
  await fixture.connect();
  link.hurry();
  for (let count = 1; count <= 20; count++) {
    assert.is(attempts.length, 1 + count);
    timers.expire(HURRY_MS);
  }
  assert.equal([attempts.length, timers.running], [21, []]);
  assert.ok(attempts.slice(1).every(({ signal }) => !signal.aborted));
});

test("when the host is heard again, no further attempts begin", async () => {
  using fixture = await setUp();
  const { link, attempts, timers } = fixture;
  await fixture.connect();
  link.hurry();
  timers.expire(HURRY_MS);
  link.rest();
  assert.equal([attempts.length, timers.running], [3, []]);
});

test("the fastest attempt carries the session, and the others end", async () => {
  using fixture = await setUp();
  const { link, page, attempts, news, timers } = fixture;
  await fixture.connect();
  link.hurry();
  timers.expire(HURRY_MS);
  const { opened } = await fixture.join(1);
  assert.is(news[1], opened);
  assert.equal([attempts[2]!.signal.aborted, timers.running, page.carriers], [true, [], 3]);
});

test("of two attempts that open at once, the second is closed", async () => {
  using fixture = await setUp();
  const { link, timers } = fixture;
  await fixture.connect();
  link.hurry();
  timers.expire(HURRY_MS);
  const [first, second] = [fixture.open(1), fixture.open(2)];
  const { hello } = new Carrier(first.far);
  await until(() => second.opened.isOver);
  await hello;
  assert.is(first.opened.isOver, false);
});

test("a channel that ends is replaced", async () => {
  using fixture = await setUp();
  const { link, timers, attempts, news } = fixture;
  const { opened } = await fixture.connect();
  opened.close();
  await until(() => timers.running.includes(CLOSE_MS));
  assert.is(attempts.length, 1);
  timers.expire(CLOSE_MS);
  await until(() => attempts.length === 2);
  assert.is(link.isOpen, false);
  const next = await fixture.join();
  assert.equal([news, link.isOpen], [[opened, next.opened], true]);
});

test("a channel that another has replaced is not missed", async () => {
  using fixture = await setUp();
  const { link, timers, attempts } = fixture;
  const { opened } = await fixture.connect();
  link.hurry();
  await fixture.join();
  opened.close();
  await until(() => timers.running.includes(CLOSE_MS));
  timers.expire(CLOSE_MS);
  await settle();
  assert.equal([attempts.length, link.isOpen], [2, true]);
});

for (
  const [what, act] of [
    ["stop()", ({ link }) => link.stop()],
    ["the next answer", ({ link }) => link.begin(TARGET)],
    ["an answer without an offer", ({ link }) => link.begin(undefined)],
  ] as [string, (fixture: Awaited<ReturnType<typeof setUp>>) => void][]
) {
  test(`${what} ends the attempts under way`, async () => {
    using fixture = await setUp();
    const { link, attempts } = fixture;
    link.begin(TARGET);
    act(fixture);
    assert.is(attempts[0]!.signal.aborted, true);
  });

  test(`${what} closes a channel that waits for something to carry the session`, async () => {
    using fixture = await setUp();
    const { link, news } = fixture;
    link.begin(TARGET);
    const { opened } = fixture.open();
    await settle();
    act(fixture);
    await until(() => opened.isOver);
    link.carried();
    await settle();
    assert.equal(news, []);
  });

  test(`${what} closes a channel whose HELLO has no answer`, async () => {
    using fixture = await setUp();
    const { link, page, news } = fixture;
    link.begin(TARGET);
    link.carried();
    const { opened, far } = fixture.open();
    await new Carrier(far).hello;
    act(fixture);
    await until(() => opened.isOver);
    assert.equal([news, page.carriers, link.isOpen], [[], 1, false]);
  });

  test(`${what} leaves to the session what carries it, and does not replace it`, async () => {
    using fixture = await setUp();
    const { link, page, timers, attempts } = fixture;
    const { opened } = await fixture.connect();
    act(fixture);
    const { length } = attempts;
    assert.equal([opened.isOver, page.carriers, link.isOpen], [false, 2, false]);
    link.hurry();
    opened.close();
    await until(() => timers.running.includes(CLOSE_MS));
    timers.expire(CLOSE_MS);
    await settle();
    assert.is(attempts.length, length);
  });
}

for (const isGone of [true, false]) {
  test(`a channel joins no session but that of the answer: ${isGone ? "none is left" : "another"}`, async () => {
    using fixture = await setUp();
    using other = await setUp();
    const { link, attempts, timers, news } = fixture;
    await fixture.connect();
    fixture.replace(isGone ? undefined : other.page);
    link.hurry();
    const { opened } = fixture.open();
    await until(() => opened.isOver);
    assert.equal([news.length, other.page.carriers, timers.running], [1, 1, []]);
    link.hurry();
    assert.is(attempts.length, 2);
  });
}

test("a lane joins beside the channel, and is no reason to replace it when it ends", async () => {
  using fixture = await setUp();
  const { link, page, attempts, news } = fixture;
  await fixture.connect();
  const adding = link.add(new AbortController().signal);
  const { opened } = await fixture.take();
  assert.is(await adding, opened);
  assert.equal([news.length, page.carriers], [1, 3]);
  opened.close();
  await settle();
  assert.equal([attempts.length, page.carriers], [2, 2]);
});

test("a lane that is not wanted any more, or that the host refuses, is closed", async () => {
  using fixture = await setUp();
  const { link, page } = fixture;
  await fixture.connect();
  const end = new AbortController();
  const aborted = link.add(end.signal);
  const first = fixture.open();
  await new Carrier(first.far).hello;
  end.abort(new Error("No more lanes"));
  assert.is((await failureOf(aborted)).message, "No more lanes");
  const refused = link.add(new AbortController().signal);
  const second = fixture.open();
  await new Carrier(second.far).hello;
  second.far.close();
  await failureOf(refused);
  assert.equal([first.opened.isOver, second.opened.isOver, page.carriers], [true, true, 2]);
});

test("a host that refuses the channel leaves the session as it is", async () => {
  using fixture = await setUp();
  const { link, page, news } = fixture;
  link.begin(TARGET);
  link.carried();
  const { opened, far } = fixture.open();
  await new Carrier(far).hello;
  far.close();
  await until(() => opened.isOver);
  assert.equal([news, page.carriers, link.isOpen], [[], 1, false]);
});

test.run();
