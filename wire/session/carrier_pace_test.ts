import * as assert from "uvu/assert";
import { suite } from "../../tools/testing/suite.ts";
import { until } from "../../tools/testing/until.ts";
import { LighthouseError } from "../error.ts";
import { pattern } from "../testing/bytes.ts";
import { NO_LIVENESS } from "../testing/scripted_channel.ts";
import { connectSessions } from "../testing/session_pair.ts";
import { Carrier } from "./carrier.ts";
import type { Channel } from "./channel.ts";
import { decodeMessage, encodeMessage, type Frame } from "./frame.ts";
import { INITIAL_LIMITS } from "./hello.ts";
import { Session } from "./session.ts";

const test = suite("carrier, ahead of its ACKs", { deadline: 30_000 });

const HEAD = new Uint8Array([0, 0, 0, 1]);

/** 64 KiB of a frame that is skipped. */
const SKIPPED = new Uint8Array(64 * 1024);
SKIPPED.set([0x3f, 0x80, 0x00, 0xff, 0xfb]);

/** A host's session on a channel whose other end is the test. */
async function setUp() {
  const sent: Frame[] = [];
  const channel: Channel = {
    send: (message) => void sent.push(...decodeMessage(message.slice())),
    bufferedAmount: 0,
    close: () => {},
    onmessage: () => {},
    onclose: () => {},
  };
  const carrier = new Carrier(channel);
  const receive = (bytes: Uint8Array) => channel.onmessage(bytes as Uint8Array<ArrayBuffer>);
  receive(encodeMessage([{
    type: "hello",
    hello: { session: pattern(16), mode: "new", ...INITIAL_LIMITS, next: 1, held: [] },
  }]));
  const hello = await carrier.hello;
  const options = { id: hello.session, liveness: NO_LIVENESS, soon: setImmediate };
  const host = new Session({ role: "host", ...options });
  host.accept(carrier, hello, true);
  return { host, receive, sent };
}

test("an end that sends more than 2 MiB ahead of the ACKs is told so, and its session is over", async () => {
  const { host, receive, sent } = await setUp();
  for (let at = 0; at < 31; at++) receive(SKIPPED);
  await until(() => sent.some((frame) => frame.type === "ack" && frame.bytes > 31 * 65_536));
  // Acknowledged: the end may send as much again.
  for (let at = 0; at < 32; at++) receive(SKIPPED);
  assert.is(sent.some(({ type }) => type === "close"), false);
  receive(SKIPPED);
  assert.match(JSON.stringify(sent.at(-1)), /"close","code":"bad-frame".*not acknowledged/);
  assert.is((await host.closed).code, "bad-frame");
});

test("a message that opens more than 256 streams ends the session", async () => {
  const { host, receive } = await setUp();
  const open = (count: number, first: number) =>
    receive(encodeMessage(Array.from({ length: count }, (_, at) => {
      const stream = first + 2 * at;
      return { type: "data", stream, offset: 0, bytes: HEAD, end: false };
    })));
  open(256, 1);
  open(256, 513);
  assert.is(host.carriers, 1);
  open(257, 1025);
  assert.is((await host.closed).code, "bad-frame");
});

test("a page stays below 2 MiB, however long the host has no turn", async () => {
  let isBusy = false;
  let bytes = 0;
  const late: (() => void)[] = [];
  const { page, host, channels } = await connectSessions({
    page: { liveness: NO_LIVENESS },
    host: {
      liveness: NO_LIVENESS,
      soon: setImmediate,
      onStream: (stream) => void stream.readable.pipeTo(new WritableStream()).catch(() => {}),
    },
  });
  const { onmessage } = channels.host;
  channels.host.onmessage = (message) => {
    if (!isBusy) return onmessage(message);
    bytes += message.length;
    late.push(() => onmessage(message));
  };
  const bodies = Array.from({ length: 8 }, () => page.open(HEAD).writable.getWriter());
  const write = () => Promise.all(bodies.map((body) => body.write(pattern(256 * 1024))));
  for (let at = 0; at < 10; at++) await write();
  isBusy = true;
  write().catch(() => {});
  // What waits for no window: frames without bytes.
  const why = new LighthouseError("aborted", "x".repeat(500));
  const others = Array.from({ length: 400 }, () => page.open(HEAD));
  await until(() => others.some(({ id }) => id > 0));
  for (const stream of others) stream.reset(why);
  await new Promise((resolve) => setTimeout(resolve, 100));
  assert.ok(bytes > 64 * 1024, `${bytes} bytes`);
  for (const deliver of late) deliver();
  isBusy = false;
  await new Promise((resolve) => setTimeout(resolve, 0));
  assert.is(host.carriers, 1);
  assert.is(host.streams > 0, true);
  page.close();
  await host.closed;
});

test.run();
