import * as assert from "uvu/assert";
import { suite } from "../../tools/testing/suite.ts";
import { until } from "../../tools/testing/until.ts";
import { bytesOf, isSame, pattern, streamOf } from "../testing/bytes.ts";
import { failureOf, thrownBy } from "../testing/failure.ts";
import { Link } from "../testing/link.ts";
import { Carrier } from "./carrier.ts";
import { EarlyChannel } from "./early_channel.ts";
import type { Stream } from "./stream.ts";

const test = suite("EarlyChannel");

const HEAD = new Uint8Array([7, 1, 2, 3]);
const ANSWER = new Uint8Array([9, 8]);

/** Room of an offer, in bytes. */
const ROOM = 3000;

/** Bytes of a body that no offer or answer has room for. */
const LARGE = 300_000;

/** A page with a host that counts the requests, and answers with what it reads and then `more` bytes. */
function setUp(more = 0) {
  const heads: string[] = [];
  const onStream = async (stream: Stream) => {
    heads.push(String(await stream.head));
    stream.sendHead(ANSWER);
    const sent = await bytesOf(stream.readable).catch(() => undefined);
    if (sent) await streamOf(new Uint8Array([...sent, ...pattern(more)])).pipeTo(stream.writable);
  };
  const link = new Link({ onStream });
  return { link, heads, [Symbol.asyncDispose]: () => link.close() };
}

/** Sends a request with a body. @returns The answer's body. */
async function ask(link: Link, body = new Uint8Array([1])): Promise<Uint8Array> {
  const stream = link.page.open(HEAD);
  const sent = streamOf(body).pipeTo(stream.writable);
  assert.equal(await stream.head, ANSWER);
  const [answer] = await Promise.all([bytesOf(stream.readable), sent]);
  return answer;
}

function turn(): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, 0));
}

/** The page's messages for an offer. */
async function offer(link: Link) {
  // Most requests wait for a while for a connection.
  await turn();
  const channel = new EarlyChannel();
  const carrier = new Carrier(channel);
  const answered = link.page.connect(carrier, { early: true }).then(() => true, () => false);
  await turn();
  return { channel, carrier, answered, messages: channel.take(ROOM) };
}

/** The host's messages for the answer, when it has done what it can. */
async function answer(link: Link, messages: Uint8Array<ArrayBuffer>) {
  const channel = new EarlyChannel();
  const accepted = link.accept(new Carrier(channel));
  channel.receive(messages);
  await accepted;
  await until(() => !link.host!.isAwaited || channel.isFull);
  return channel.take(ROOM);
}

test("a request and its answer go in an offer and its answer, before a channel is open", async () => {
  await using set = setUp();
  const { link, heads } = set;
  const [first, second] = [ask(link, pattern(10, 1)), ask(link, pattern(20, 2))];
  const { channel, answered, messages } = await offer(link);
  channel.receive(await answer(link, messages));
  assert.is(await answered, true);
  assert.ok(isSame(await first, pattern(10, 1)));
  assert.ok(isSame(await second, pattern(20, 2)));
  await link.connect();
  assert.ok(isSame(await ask(link, pattern(5)), pattern(5)));
  await until(() => link.page.streams === 0 && link.host!.streams === 0);
  assert.is(heads.length, 3);
  assert.is(link.page.carriers, 1);
  assert.is(link.host!.carriers, 1);
});

for (const [what, size, more] of [["body", LARGE, 0], ["answer", 1, LARGE]] as const) {
  test(`what an offer has no room for of a ${what} goes over the next channel`, async () => {
    await using set = setUp(more);
    const { link, heads } = set;
    const body = pattern(size);
    const asked = ask(link, body);
    const { channel, messages } = await offer(link);
    assert.ok(messages.length > ROOM / 2 || more > 0);
    const back = await answer(link, messages);
    assert.ok(back.length > ROOM / 2 || more === 0);
    channel.receive(back);
    await link.connect();
    assert.ok(isSame(await asked, new Uint8Array([...body, ...pattern(more)])));
    assert.is(heads.length, 1);
  });
}

test("a small request goes beside a large one", async () => {
  await using set = setUp();
  const { link } = set;
  const large = ask(link, pattern(LARGE));
  const small = ask(link, pattern(3));
  const { channel, messages } = await offer(link);
  channel.receive(await answer(link, messages));
  assert.ok(isSame(await small, pattern(3)));
  await link.connect();
  assert.is((await large).length, LARGE);
});

test("after an offer that the host has not seen, all is sent as if for the first time", async () => {
  await using set = setUp();
  const { link, heads } = set;
  const asked = ask(link, pattern(10));
  const aborted = link.page.open(HEAD);
  for (let i = 0; i < 3; i++) {
    const { carrier, answered } = await offer(link);
    link.page.withdraw(carrier, true);
    assert.is(await answered, false);
    assert.is(link.page.carriers, 0);
  }
  await aborted.writable.abort().catch(() => {});
  await link.connect();
  assert.ok(isSame(await asked, pattern(10)));
  await until(() => link.page.streams === 0 && link.host!.streams === 0);
  assert.is(heads.length, 1);
});

test("where the answer is lost, the request is executed once, and the next channel brings its answer", async () => {
  await using set = setUp();
  const { link, heads } = set;
  const asked = ask(link, pattern(10));
  const { carrier, messages } = await offer(link);
  await answer(link, messages);
  link.page.withdraw(carrier, false);
  await link.connect();
  assert.ok(isSame(await asked, pattern(10)));
  assert.is(heads.length, 1);
});

test("where the answer is lost, the answer to the next offer brings the same", async () => {
  await using set = setUp();
  const { link, heads } = set;
  const asked = ask(link, pattern(10));
  const first = await offer(link);
  await answer(link, first.messages);
  link.page.withdraw(first.carrier, false);
  const second = await offer(link);
  second.channel.receive(await answer(link, second.messages));
  assert.ok(isSame(await asked, pattern(10)));
  assert.is(heads.length, 1);
});

test("where the offer was lost, the next one finds out, and the request goes on", async () => {
  await using set = setUp();
  const { link, heads } = set;
  const asked = ask(link, pattern(10));
  const first = await offer(link);
  link.page.withdraw(first.carrier, false);
  const second = await offer(link);
  second.channel.receive(await answer(link, second.messages));
  assert.is(await second.answered, true);
  await link.connect();
  assert.ok(isSame(await asked, pattern(10)));
  assert.is(heads.length, 1);
});

test("a request may have been executed where the host has restarted since", async () => {
  await using set = setUp();
  const { link, heads } = set;
  const asked = ask(link, pattern(10));
  const { carrier, messages } = await offer(link);
  await answer(link, messages);
  link.page.withdraw(carrier, false);
  link.restart();
  await link.connect();
  assert.is((await failureOf(asked)).code, "session-lost");
  assert.is(heads.length, 1);
  assert.ok(isSame(await ask(link, pattern(3)), pattern(3)));
});

test("a page that says the same again to a host that has seen it has its answer once", async () => {
  await using set = setUp();
  const { link, heads } = set;
  const asked = ask(link, pattern(10));
  const { carrier, messages } = await offer(link);
  await answer(link, messages);
  // A relay that lies says that the host is not there.
  link.page.withdraw(carrier, true);
  await link.connect();
  assert.ok(isSame(await asked, pattern(10)));
  await until(() => link.page.streams === 0 && link.host!.streams === 0);
  assert.is(heads.length, 1);
});

test("messages are refused that are cut short", () => {
  const channel = new EarlyChannel();
  channel.send(new Uint8Array([1, 2, 3]));
  const bytes = channel.take(100).slice(0, 3);
  assert.is(thrownBy(() => new EarlyChannel().receive(bytes)).code, "bad-frame");
});

test("no more is taken than there is room for", () => {
  const channel = new EarlyChannel();
  for (const length of [10, 10, 100]) channel.send(new Uint8Array(length));
  assert.is(channel.take(-5).length, 0);
  assert.is(channel.take(21).length, 11);
  assert.is(channel.take(111).length, 11);
  assert.is(channel.bufferedAmount, 100);
});

test.run();
