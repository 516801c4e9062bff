import * as assert from "uvu/assert";
import { suite } from "../../tools/testing/suite.ts";
import { until } from "../../tools/testing/until.ts";
import { ByteWriter } from "../bytes.ts";
import { LighthouseError } from "../error.ts";
import { NEAR_MS } from "../limits.ts";
import { pattern } from "../testing/bytes.ts";
import { MemoryChannel } from "../testing/channel_pair.ts";
import { failureOf } from "../testing/failure.ts";
import { acceptPage, pageSession } from "../testing/session_pair.ts";
import { Carrier } from "./carrier.ts";
import { PathWindow } from "./congestion_window.ts";
import { encodeMessage } from "./frame.ts";
import { type Hello, INITIAL_LIMITS } from "./hello.ts";

const test = suite("carrier");

const HEAD = new Uint8Array([7, 1, 2, 3]);

/** Resolves when a channel is closed: its carrier is not told. */
function closing(channel: MemoryChannel): Promise<void> {
  return new Promise((resolve) => channel.onclose = resolve);
}

test("a CLOSE in place of a HELLO refuses the carrier, and the session goes on over another", async () => {
  const page = pageSession();
  const [refused, other] = MemoryChannel.pair();
  const host = new Carrier(other);
  const closed = closing(other);
  const connecting = failureOf(page.connect(new Carrier(refused)));
  await host.hello;
  host.leave(new LighthouseError("host-busy", "Come back later"));
  const error = await connecting;
  assert.is(error.code, "host-busy");
  assert.is(error.message, "Come back later");
  await closed;

  const stream = page.open(HEAD);
  const [channel, taken] = MemoryChannel.pair();
  const opened = Promise.withResolvers<void>();
  const accepted = acceptPage(new Carrier(taken), { onStream: () => opened.resolve() });
  await page.connect(new Carrier(channel));
  await opened.promise;
  assert.is(stream.signal.aborted, false);
  page.close();
  (await accepted).close();
});

test("a host that answers for another session is refused, and nothing that it sends is read", async () => {
  const page = pageSession({ onStream: () => assert.unreachable() });
  const [channel, taken] = MemoryChannel.pair();
  const carrier = new Carrier(taken);
  const closed = closing(taken);
  const connecting = failureOf(page.connect(new Carrier(channel)));
  const hello = await carrier.hello;
  const answer = { ...hello, session: pattern(16), next: 2 };
  taken.send(encodeMessage([
    { type: "hello", hello: answer },
    { type: "data", stream: 2, offset: 0, bytes: HEAD, end: false },
  ]));
  const error = await connecting;
  assert.is(error.code, "bad-frame");
  assert.is(error.message, "The HELLO names another session");
  await closed;
  assert.is(page.carriers, 0);
  page.close();
});

test("a HELLO of another version is answered by a CLOSE that says so", async () => {
  const [page, ours] = MemoryChannel.pair();
  const answer = new Promise<unknown>((resolve) => page.onmessage = resolve);
  const host = new Carrier(ours);
  page.send(new Uint8Array([0x01, 0x03, 0x01, 0x01, 0x02]));
  const error = await failureOf(host.hello);
  assert.match(error.message, "it speaks version 2, not 1");
  const { message } = error;
  assert.equal(await answer, encodeMessage([{ type: "close", code: "bad-frame", message }]));
});

test("a page that leaves before the host's HELLO stops waiting for it", async () => {
  const page = pageSession();
  const [channel] = MemoryChannel.pair();
  const connecting = failureOf(page.connect(new Carrier(channel)));
  page.close();
  assert.is((await connecting).code, "closed");
  await until(() => channel.bufferedAmount === 0);
});

for (const isShared of [true, false]) {
  const what = isShared
    ? "rests where streams share it, and wakes its session"
    : "does not rest else";
  test(`a carrier to an end that is near ${what}`, async () => {
    const [near, far] = MemoryChannel.pair();
    const [carrier, other] = [new Carrier(near), new Carrier(far)];
    let wakes = 0;
    const owner = {
      receive() {},
      wake() {},
      broken: (error: LighthouseError) => assert.unreachable(error.message),
      closed() {},
      isShared,
      path: new PathWindow(),
    };
    const hello: Hello = {
      session: pattern(16),
      mode: "new",
      ...INITIAL_LIMITS,
      next: 1,
      held: [],
    };
    for (const each of [carrier, other]) each.greet(hello);
    await Promise.all([carrier.hello, other.hello]);
    other.adopt({ ...owner, path: new PathWindow() });
    carrier.adopt({ ...owner, wake: () => void wakes++ });
    const say = (from: Carrier) => {
      const writer = new ByteWriter(100);
      from.write(writer);
      from.send(writer.finish());
    };
    // On a busy machine, an answer may take longer than that of a near end.
    do {
      const before = carrier.roundTripTime;
      carrier.ping();
      say(carrier);
      await until(() => other.isDue);
      say(other);
      await until(() => carrier.roundTripTime !== before);
    } while (carrier.roundTripTime! >= NEAR_MS);
    const bytes = new Uint8Array(16 * 1024);
    const bulk = encodeMessage([{ type: "data", stream: 1, offset: 0, bytes, end: false }]);
    for (let sent = 0; sent < 4; sent++) {
      assert.is(carrier.isResting, false);
      carrier.send(bulk);
    }
    assert.is(carrier.isResting, isShared);
    const before = wakes;
    await until(() => !carrier.isResting);
    assert.is(wakes > before, isShared);
    for (const each of [carrier, other]) each.close();
  });
}

test.run();
