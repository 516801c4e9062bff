import * as assert from "uvu/assert";
import { suite } from "../../tools/testing/suite.ts";
import { until } from "../../tools/testing/until.ts";
import { pattern, streamOf } from "../testing/bytes.ts";
import { NO_LIVENESS } from "../testing/scripted_channel.ts";
import { connectSessions } from "../testing/session_pair.ts";
import { Carrier } from "./carrier.ts";
import type { Channel } from "./channel.ts";
import { decodeMessage, encodeMessage, type Frame } from "./frame.ts";
import { INITIAL_LIMITS } from "./hello.ts";
import type { MemoryBudget } from "./memory_budget.ts";
import { Session } from "./session.ts";
import type { Stream } from "./stream.ts";

const test = suite("MemoryBudget", { deadline: 30_000 });

const KiB = 1024;
const MiB = 1024 * KiB;
const EMPTY_HEAD = new Uint8Array(4);

/** A budget that counts. */
class Budget implements MemoryBudget {
  taken = 0;
  most = 0;
  readonly size: number;

  constructor(size: number) {
    this.size = size;
  }

  take(bytes: number): boolean {
    assert.ok(bytes >= 0);
    if (this.taken + bytes > this.size) return false;
    this.taken += bytes;
    this.most = Math.max(this.most, this.taken);
    return true;
  }

  give(bytes: number): void {
    assert.ok(bytes >= 0 && bytes <= this.taken, `${bytes} of ${this.taken}`);
    this.taken -= bytes;
  }
}

/** A host's session whose page is the test, and that has a number of bytes. */
async function setUp(size: number, onStream: (stream: Stream) => void = () => {}) {
  const memory = new Budget(size);
  const codes = new Map<number, string>();
  let sent = 0;
  const channel: Channel = {
    send(message) {
      sent += message.length;
      for (const frame of decodeMessage(message.slice())) {
        if (frame.type === "reset") codes.set(frame.stream, frame.code);
      }
    },
    bufferedAmount: 0,
    close: () => {},
    onmessage: () => {},
    onclose: () => {},
  };
  const carrier = new Carrier(channel);
  const send = async (...frames: Frame[]) => {
    channel.onmessage(encodeMessage(frames));
    await new Promise((resolve) => setImmediate(resolve));
  };
  send({
    type: "hello",
    hello: {
      session: pattern(16),
      mode: "new",
      ...INITIAL_LIMITS,
      credit: 2 ** 40,
      next: 1,
      held: [],
    },
  });
  const hello = await carrier.hello;
  const options = { id: hello.session, liveness: NO_LIVENESS, memory, onStream };
  const host = new Session({ role: "host", ...options });
  host.accept(carrier, hello, true);
  const acknowledge = () => send({ type: "ack", bytes: sent });
  return { memory, codes, host, send, acknowledge };
}

/** All streams that a page opens, by their numbers. */
const STREAMS = Array.from({ length: 1000 }, (_, at) => 1 + 2 * at);

for (
  const [what, head, offset] of [
    ["heads that do not end", 60 * KiB, 0],
    ["bytes whose first one is missing", 60 * KiB, 1],
    ["bodies that nobody reads", 0, 0],
  ] as const
) {
  test(`${what}: what goes beyond the memory ends with host-busy, and all comes back`, async () => {
    const { memory, codes, host, send } = await setUp(8 * MiB);
    for (const stream of STREAMS) {
      const bytes = new Uint8Array(60 * KiB);
      new DataView(bytes.buffer).setUint32(0, head);
      await send({ type: "data", stream, offset, bytes, end: false });
    }
    assert.ok(memory.most > 7 * MiB && memory.most <= 8 * MiB, `${memory.most} bytes`);
    await until(() => codes.size > 850);
    assert.equal([...new Set(codes.values())], ["host-busy"]);
    assert.is(host.carriers, 1);
    host.close();
    assert.is(memory.taken, 0);
  });
}

test("single bytes beyond gaps count with the memory that they need", async () => {
  const { memory, host, send } = await setUp(8 * MiB);
  const bytes = new Uint8Array(1);
  await send(...Array.from({ length: 500 }, (_, at): Frame => {
    return { type: "data", stream: 1, offset: 2 * at + 2, bytes, end: false };
  }));
  assert.ok(memory.taken > 500 * 300, `${memory.taken} bytes`);
  host.close();
  assert.is(memory.taken, 0);
});

test("answers whose arrival is never told end with host-busy, and all comes back", async () => {
  const { memory, codes, host, send, acknowledge } = await setUp(4 * MiB, (stream) => {
    stream.sendHead(new Uint8Array(60 * KiB));
    stream.end();
  });
  for (const stream of STREAMS.slice(0, 400)) {
    await send({ type: "data", stream, offset: 0, bytes: EMPTY_HEAD, end: true });
    await acknowledge();
  }
  assert.ok(memory.most > 3 * MiB && memory.most <= 4 * MiB, `${memory.most} bytes`);
  assert.ok(codes.size > 300, `${codes.size} ended`);
  assert.equal([...new Set(codes.values())], ["host-busy"]);
  host.close();
  assert.is(memory.taken, 0);
});

for (
  const [what, size] of [
    ["nothing beyond first windows", 4 * MiB],
    ["some", 5 * MiB],
    ["plenty", 64 * MiB],
  ] as const
) {
  test(`bodies in both directions arrive where there is memory for ${what}`, async () => {
    const memory = new Budget(size);
    const body = pattern(6 * MiB);
    const { page, host } = await connectSessions({
      page: { liveness: NO_LIVENESS },
      host: {
        liveness: NO_LIVENESS,
        memory,
        soon: setImmediate,
        onStream: (stream) => {
          stream.sendHead(EMPTY_HEAD);
          stream.send(stream.readable).catch(() => {});
        },
      },
    });
    await Promise.all([1, 2].map(async () => {
      const stream = page.open(EMPTY_HEAD);
      const sending = stream.send(streamOf(body));
      let length = 0;
      for await (const chunk of stream.readable) length += chunk.length;
      await sending;
      assert.is(length, body.length);
    }));
    await until(() => host.streams === 0);
    assert.is(memory.taken, 0);
    page.close();
    await host.closed;
    assert.is(memory.taken, 0);
  });
}

test.run();
