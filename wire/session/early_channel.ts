// A channel whose messages go in an offer and its answer, as many as fit, before another carrier has
// opened (docs/wire.md, "In an offer and its answer").
import { ByteReader, ByteWriter, varintLength } from "../bytes.ts";
import type { Channel } from "./channel.ts";

/**
 * Most bytes of a message, so that what fits is nearly filled; and of the queue, from which on the session
 * packs nothing more. An offer and an answer have room for some 4 KiB.
 */
const MESSAGE = 1024;
const QUEUE = 4 * 1024;

/** Queues messages for an offer or an answer. The session's next carrier repeats those that stay behind. */
export class EarlyChannel implements Channel {
  onmessage: Channel["onmessage"] = () => {};
  onclose: Channel["onclose"] = () => {};
  /** Called after each message that was queued. */
  onqueued: () => void = () => {};
  readonly limits = { message: MESSAGE, queue: QUEUE };

  #queue: Uint8Array<ArrayBuffer>[] = [];
  #queued = 0;
  #isClosed = false;

  get bufferedAmount(): number {
    return this.#queued;
  }

  /** Whether the queue has as much as it takes. */
  get isFull(): boolean {
    return this.#queued >= QUEUE;
  }

  send(message: Uint8Array<ArrayBuffer>): void {
    if (this.#isClosed) return;
    this.#queue.push(message.slice());
    this.#queued += message.length;
    this.onqueued();
  }

  close(): void {
    if (this.#isClosed) return;
    this.#isClosed = true;
    this.#queue.length = this.#queued = 0;
    this.onclose();
  }

  /**
   * Takes out the oldest messages, each behind its length as an integer of variable length.
   *
   * @param room Most bytes.
   */
  take(room: number): Uint8Array<ArrayBuffer> {
    const writer = new ByteWriter(Math.max(0, room));
    while (this.#queue.length > 0) {
      const message = this.#queue[0]!;
      if (writer.room < varintLength(message.length) + message.length) break;
      this.#queue.shift();
      this.#queued -= message.length;
      writer.varint(message.length);
      writer.bytes(message);
    }
    return writer.finish();
  }

  /**
   * Takes the messages that {@linkcode take} has given at the other end.
   *
   * @throws {LighthouseError} `bad-frame` if they are cut short.
   */
  receive(bytes: Uint8Array<ArrayBuffer>): void {
    for (const reader = new ByteReader(bytes); reader.left > 0;) {
      this.onmessage(reader.bytes(reader.varint()));
    }
  }
}
