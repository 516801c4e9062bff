import * as assert from "uvu/assert";
import { seededRandom } from "../../tools/testing/random.ts";
import { suite } from "../../tools/testing/suite.ts";
import { until } from "../../tools/testing/until.ts";
import { formatSendSignal, HOST_SIGNAL, MAX_MESSAGE_BYTES } from "../signal/envelope.ts";
import { parseSignal } from "../signal/signal.ts";
import { pattern } from "../testing/bytes.ts";
import { fastClock, flip, relayedKeys, relayedPair } from "../testing/relayed_pair.ts";
import { RelayedChannel } from "./relayed_channel.ts";

const test = suite("relayed channel");

const bytes = (...values: number[]) => Uint8Array.from(values);

const PACE = { rate: 10, burst: 20 };

function collect(channel: RelayedChannel): string[] {
  const messages: string[] = [];
  channel.onmessage = (message) => messages.push(String(message));
  return messages;
}

/** Resolves when whatever is under way has arrived. */
function settle(): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, 20));
}

test("what one turn brings shares a message, and so does the answer with the acknowledgement", async () => {
  const { page, host, sent } = await relayedPair();
  const [atPage, atHost] = [collect(page), collect(host)];
  page.send(bytes(1));
  await Promise.resolve();
  page.send(bytes(2, 3));
  await until(() => atHost.length === 2);
  host.send(bytes(4));
  await until(() => atPage.length === 1);
  assert.equal([atHost, atPage], [["1", "2,3"], ["4"]]);
  assert.equal(sent, { page: 1, host: 1 });
  page.end();
  host.end();
});

test("the sender may use its bytes again", async () => {
  const { page, host } = await relayedPair();
  const atHost = collect(host);
  const message = bytes(1, 2);
  page.send(message);
  message.fill(9);
  await until(() => atHost.length === 1);
  assert.equal(atHost, ["1,2"]);
  page.end();
  host.end();
});

test("what is sent before the start leaves with it", async () => {
  const keys = await relayedKeys();
  const sent: string[] = [];
  const page = new RelayedChannel({ send: (ct) => void sent.push(ct) });
  page.send(bytes(1));
  page.send(bytes(2));
  assert.is(page.bufferedAmount, 4);
  await settle();
  assert.equal(sent, []);
  page.start(keys.page, PACE);
  await until(() => sent.length === 1);
  assert.is(page.bufferedAmount, 0);
  page.end();
});

test("an end that waits sends nothing before the other's first genuine message", async () => {
  const { page: keys, host: own } = await relayedKeys();
  const [atHost, atPage]: string[][] = [[], []];
  const page = new RelayedChannel({ send: (ct) => void atHost!.push(ct) });
  const host = new RelayedChannel({ send: (ct) => void atPage!.push(ct), waits: true });
  page.start(keys, PACE);
  host.start(own, PACE);
  host.send(bytes(7));
  page.send(bytes(1));
  await until(() => atHost!.length === 1);
  host.receive(flip(atHost![0]!, seededRandom(1)));
  await settle();
  assert.equal(atPage, []);
  host.receive(atHost![0]!);
  await until(() => atPage!.length === 1);
  page.end();
  host.end();
});

test("messages that arrive before the keys are opened with them", async () => {
  const keys = await relayedKeys();
  const sent: string[] = [];
  const page = new RelayedChannel({ send: (ct) => void sent.push(ct) });
  page.start(keys.page, PACE);
  page.send(bytes(1));
  await until(() => sent.length === 1);
  const host = new RelayedChannel({ send: () => {}, waits: true });
  const atHost = collect(host);
  host.receive(sent[0]!);
  for (let i = 0; i < 100; i++) host.receive("no message");
  host.start(keys.host, PACE);
  await until(() => atHost.length === 1);
  page.end();
  host.end();
});

test("what is not genuine, was there before or comes back changes nothing", async () => {
  const recorded: string[] = [];
  const { page, host, sent } = await relayedPair({
    relay: (ct) => {
      recorded.push(ct);
      return [ct];
    },
  });
  const [atPage, atHost] = [collect(page), collect(host)];
  page.send(bytes(1));
  await until(() => atHost.length === 1);
  host.send(bytes(2));
  await until(() => atPage.length === 1);
  const others = await relayedKeys();
  const forged: string[] = [];
  const stranger = new RelayedChannel({ send: (ct) => void forged.push(ct) });
  stranger.start(others.page, PACE);
  stranger.send(bytes(3));
  await until(() => forged.length === 1);
  const random = seededRandom(1);
  for (const channel of [page, host]) {
    for (const ct of ["", "AA", "no base64url!", "A".repeat(40_000), forged[0]!, ...recorded]) {
      channel.receive(ct);
    }
    for (let i = 0; i < 50; i++) channel.receive(flip(recorded[0]!, random));
  }
  await settle();
  assert.equal([atHost, atPage, sent], [["1"], ["2"], { page: 1, host: 1 }]);
  stranger.end();
  page.end();
  host.end();
});

test("a full message is one billed unit with its envelope, in both directions", async () => {
  const texts: string[] = [];
  const { page, host } = await relayedPair({
    relay: (ct, from) => {
      const data = { type: "relayed" as const, v: 1 as const, ct };
      assert.equal(parseSignal(JSON.parse(JSON.stringify(data))), data);
      const name = "h".repeat(32);
      const to = from === "host" ? "C".repeat(128) : undefined;
      texts.push(formatSendSignal({ to, host: name, data }, HOST_SIGNAL));
      texts.push(JSON.stringify({ from: "C".repeat(128), data }));
      return [ct];
    },
  });
  const [atPage, atHost] = [collect(page), collect(host)];
  const full = pattern(page.room);
  page.send(full);
  await until(() => atHost.length === 1);
  host.send(full);
  await until(() => atPage.length === 1);
  assert.ok(full.length > 22_000, `${full.length}`);
  for (const { length } of texts) {
    assert.ok(length > 30_000 && length <= MAX_MESSAGE_BYTES, `${length}`);
  }
  page.end();
  host.end();
});

test("there is room while there are tokens, and the session is told when there is again", async () => {
  const keys = await relayedKeys();
  let sent = 0;
  const page = new RelayedChannel({ send: () => sent++, clock: fastClock(10) });
  let told = 0;
  page.onroom = () => told++;
  page.start(keys.page, { rate: 10, burst: 2 });
  await settle();
  told = 0;
  for (let i = 1; i <= 2; i++) {
    assert.ok(page.room > 22_000);
    page.send(pattern(20_000));
    assert.ok(page.room < 4000, "no second one fits into the message");
    await until(() => sent === i);
  }
  if (page.room === 0) await until(() => told > 0 && page.room > 0);
  page.end();
  assert.is(page.room, 0);
});

test("a message that fits into none closes the channel", async () => {
  const { page, host } = await relayedPair();
  let isClosed = false;
  host.onclose = () => isClosed = true;
  page.send(pattern(24_000));
  await until(() => isClosed);
});

test("a close is told to the other end, once at each", async () => {
  const { page, host } = await relayedPair();
  const closed: string[] = [];
  page.onclose = () => closed.push("page");
  host.onclose = () => closed.push("host");
  page.send(bytes(1));
  const atHost = collect(host);
  await until(() => atHost.length === 1);
  host.close();
  host.close();
  page.send(bytes(2));
  await until(() => closed.length === 2);
  await settle();
  assert.equal(closed, ["host", "page"]);
  page.close();
  page.end();
  assert.is(page.bufferedAmount, 0);
});

test("an end whose connection is lost sends nothing more", async () => {
  const { page, host, sent } = await relayedPair();
  let isClosed = false;
  page.onclose = () => isClosed = true;
  page.end();
  page.send(bytes(1));
  page.throttled();
  assert.is(isClosed, false, "the caller hears of it later");
  await settle();
  assert.equal([isClosed, sent], [true, { page: 0, host: 0 }]);
  host.end();
});

test("a send that fails ends the channel", async () => {
  const keys = await relayedKeys();
  const page = new RelayedChannel({
    send: () => {
      throw new Error("the socket is not open");
    },
  });
  let isClosed = false;
  page.onclose = () => isClosed = true;
  page.start(keys.page, PACE);
  page.send(bytes(1));
  await until(() => isClosed);
});

test("a throttled message is sent again, without waiting for the other end", async () => {
  let count = 0;
  const { page, host } = await relayedPair({
    relay: (ct) => {
      if (++count > 1) return [ct];
      queueMicrotask(() => page.throttled());
      return [];
    },
    pace: { rate: 1000, burst: 20 },
  });
  const atHost = collect(host);
  page.send(bytes(1));
  await until(() => atHost.length === 1);
  assert.is(count, 2);
  page.end();
  host.end();
});

test.run();
