import * as assert from "uvu/assert";
import { suite } from "../../tools/testing/suite.ts";
import { until } from "../../tools/testing/until.ts";
import { decodePreamble, MAX_STRIPES, PREAMBLE_BYTES, type QuicWay } from "../../wire/mod.ts";
import { failureOf } from "../../wire/testing/failure.ts";
import { ManualTimers } from "../testing/manual_timers.ts";
import { openQuic, type QuicTransport } from "./quic_way.ts";

const test = suite("quic way");

const OPEN_MS = 5_000;
const WAY: QuicWay = {
  addresses: ["[2001:db8::1]:1", "192.0.2.1:2", "10.0.0.1:3"],
  hash: new Uint8Array(32).fill(1),
  ticket: new Uint8Array(32).fill(2),
};

/** A connection that the test opens, and what it has sent. */
class FakeTransport implements QuicTransport {
  readonly address: string;
  readonly #ready = Promise.withResolvers<undefined>();
  readonly #closed = Promise.withResolvers<WebTransportCloseInfo>();
  readonly ready = this.#ready.promise;
  readonly closed = this.#closed.promise;
  isClosed = false;
  /** Whether it gives no streams. */
  isStuck = false;
  readonly sent: Uint8Array[] = [];

  constructor(address: string) {
    this.address = address;
    this.ready.catch(() => {});
  }

  open(): void {
    this.#ready.resolve(undefined);
  }

  fail(): void {
    this.#ready.reject(new Error("No route"));
  }

  createBidirectionalStream(): Promise<WebTransportBidirectionalStream> {
    if (this.isStuck) return new Promise(() => {});
    const { readable } = new TransformStream();
    const writable = new WritableStream({ write: (bytes) => void this.sent.push(bytes) });
    return Promise.resolve({ readable, writable } as WebTransportBidirectionalStream);
  }

  close(): void {
    this.isClosed = true;
    this.#closed.resolve({});
  }
}

/** An attempt whose browser is the test. */
function setUp(permitted = WAY.addresses) {
  const timers = new ManualTimers();
  const all: FakeTransport[] = [];
  const end = new AbortController();
  const opening = openQuic(WAY, end.signal, MAX_STRIPES, {
    connect: (address, hash) => {
      assert.is(hash, WAY.hash);
      const transport = new FakeTransport(address);
      all.push(transport);
      return transport;
    },
    permitted: () => Promise.resolve(permitted),
    startTimer: timers.start,
  });
  opening.catch(() => {});
  const closed = () => all.map(({ isClosed }) => isClosed);
  return { timers, all, end, opening, closed, begun: () => until(() => all.length > 0) };
}

test("the addresses are tried one after the other, and the first that answers counts", async () => {
  const { timers, all, opening, closed, begun } = setUp();
  await begun();
  timers.expire(250);
  await until(() => all.length === 2);
  assert.equal(all.map(({ address }) => address), WAY.addresses.slice(0, 2));
  all[1]!.open();
  const opened = await opening;
  assert.equal(closed(), [true, false]);
  // The third is not tried any more.
  assert.equal(timers.running, []);
  assert.is(opened.isOver, false);
  opened.close();
  assert.equal(closed(), [true, true]);
});

test("a channel has eight streams, which begin with the same preamble", async () => {
  const { all, opening, begun } = setUp();
  await begun();
  all[0]!.open();
  await opening;
  await until(() => all[0]!.sent.length === 8);
  const [first] = all[0]!.sent;
  assert.is(first!.length, PREAMBLE_BYTES);
  assert.ok(all[0]!.sent.every((bytes) => String(bytes) === String(first)));
  const { ticket, count } = decodePreamble(first!);
  assert.equal([[...ticket], count], [[...WAY.ticket], 8]);
});

test("its end is told, whichever end has ended it", async () => {
  const { all, opening, begun } = setUp();
  await begun();
  all[0]!.open();
  const { channel, closed } = await opening;
  let ends = 0;
  channel.onclose = () => ends++;
  all[0]!.close();
  await closed;
  assert.is(ends, 1);
});

test("no address that answers, in whatever way, is a failure, and nothing stays open", async () => {
  const { timers, all, opening, closed, begun } = setUp(WAY.addresses.slice(0, 2));
  await begun();
  timers.expire(250);
  await until(() => all.length === 2);
  for (const transport of all) transport.fail();
  assert.is((await failureOf(opening)).code, "connection-failed");
  assert.equal([closed(), timers.running], [[true, true], []]);
});

for (const isStuck of [false, true]) {
  const what = isStuck ? "gives no streams" : "never opens";
  test(`a target that ${what} is given up after 5 s`, async () => {
    const { timers, all, opening, closed, begun } = setUp();
    await begun();
    all[0]!.isStuck = isStuck;
    if (isStuck) all[0]!.open();
    await new Promise((resolve) => setTimeout(resolve, 0));
    timers.expire(OPEN_MS);
    const error = await failureOf(opening);
    assert.is(error.code, "connection-failed");
    assert.match(error.message, "does not answer");
    assert.equal([closed(), timers.running], [[true], []]);
  });

  test(`the attempt at a target that ${what} ends with its signal`, async () => {
    const { timers, all, end, opening, closed, begun } = setUp();
    await begun();
    all[0]!.isStuck = isStuck;
    if (isStuck) all[0]!.open();
    end.abort();
    assert.is(await failureOf(opening), end.signal.reason);
    assert.equal([closed(), timers.running], [[true], []]);
  });
}

test("where this page may reach no address, nothing is tried", async () => {
  const { all, opening, timers } = setUp([]);
  assert.is((await failureOf(opening)).code, "connection-failed");
  assert.equal([all, timers.running], [[], []]);
});

test.run();
