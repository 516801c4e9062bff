// A host's session, whose page says anything.
import * as assert from "uvu/assert";
import { Carrier } from "../../../wire/session/carrier.ts";
import type { Channel } from "../../../wire/session/channel.ts";
import { decodeMessage, encodeMessage } from "../../../wire/session/frame.ts";
import { HOST_LIVENESS } from "../../../wire/session/liveness.ts";
import type { MemoryBudget } from "../../../wire/session/memory_budget.ts";
import { Session } from "../../../wire/session/session.ts";
import type { Stream } from "../../../wire/session/stream.ts";
import type { Draw } from "../draw.ts";
import { orRejected, type Target } from "../target.ts";
import { frameOf, helloOf } from "./frames.ts";

/** A channel that checks what the host sends. */
class CheckedChannel implements Channel {
  readonly bufferedAmount = 0;
  sent = 0;
  onmessage: Channel["onmessage"] = () => {};
  onclose: Channel["onclose"] = () => {};

  send(message: Uint8Array<ArrayBuffer>): void {
    decodeMessage(message.slice());
    this.sent += message.length;
  }

  close(): void {
    this.onclose();
  }
}

/** Memory of a few KiB, which runs out now and then. */
class SmallMemory implements MemoryBudget {
  held = 0;
  readonly #most: number;

  constructor(most: number) {
    this.#most = most;
  }

  take(bytes: number): boolean {
    assert.ok(bytes >= 0, `${bytes} bytes are taken`);
    if (this.held + bytes > this.#most) return false;
    this.held += bytes;
    return true;
  }

  give(bytes: number): void {
    this.held -= bytes;
    assert.ok(bytes >= 0 && this.held >= 0, `${bytes} bytes too many are given back`);
  }
}

/** Serves a stream in some way: reads and answers, reads a part, writes much, or leaves it alone. */
async function serve(stream: Stream, way: number): Promise<void> {
  if (way === 0) return;
  const isThere = await stream.head.then(() => true, () => false);
  if (!isThere) return;
  stream.sendHead(new Uint8Array(way * 100));
  if (way === 1) return stream.end();
  if (way === 2) return void stream.readable.cancel().catch(() => {});
  if (way === 3) await new Response(stream.readable).arrayBuffer().catch(() => {});
  const writer = stream.writable.getWriter();
  writer.closed.catch(() => {});
  writer.write(new Uint8Array(100_000)).catch(() => {});
  if (way === 4) writer.close().catch(() => {});
}

async function tryOne(draw: Draw): Promise<void> {
  const channel = new CheckedChannel();
  const carrier = new Carrier(channel);
  const say = (message: Uint8Array<ArrayBuffer> | string) => channel.onmessage(message);
  const hello = { ...helloOf(draw), mode: "new" as const };
  say(encodeMessage([{ type: "hello", hello }]));
  const greeting = await orRejected(carrier.hello, "bad-frame");
  if (!greeting) return;
  const memory = new SmallMemory(draw.pick([100, 1_000, 100_000]));
  const session = new Session({
    role: "host",
    memory,
    id: greeting.session,
    liveness: HOST_LIVENESS,
    onStream: (stream) => void serve(stream, draw.below(6)),
  });
  session.accept(carrier, greeting, true);
  let said = 0;
  for (const message of draw.list(12, () => messageOf(draw))) {
    say(message);
    said += message.length;
    if (draw.chance(0.3)) await new Promise((resolve) => setImmediate(resolve));
  }
  assert.ok(session.streams <= said / 2, `${session.streams} streams`);
  session.close();
  await session.closed;
  assert.is(session.streams, 0);
  assert.is(session.carriers, 0);
  assert.is(memory.held, 0, `${memory.held} bytes are still held`);
}

function messageOf(draw: Draw): Uint8Array<ArrayBuffer> | string {
  if (draw.chance(0.01)) return draw.text();
  const message = encodeMessage(draw.list(20, () => frameOf(draw)));
  return draw.chance(0.1) ? draw.mutateBytes(message) : message;
}

export const session: Target = {
  name: "session",
  invariant:
    "Whatever a page says, nothing is thrown, and a session that is closed holds no stream and no memory.",
  start: () => tryOne,
};
