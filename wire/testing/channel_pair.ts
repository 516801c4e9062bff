// For tests: two channels joined in memory that behave like a data channel.
import type { Channel } from "../session/channel.ts";

/** Most messages that arrive in one go, without a microtask between them. */
const BURST = 32;

/** One end of a pair. */
export class MemoryChannel implements Channel {
  onmessage: Channel["onmessage"] = () => {};
  onclose: Channel["onclose"] = () => {};
  /** Largest number of bytes queued so far. */
  mostQueued = 0;
  /** Whether messages stay in the queue, as without a network. */
  stalled = false;

  readonly #random: (() => number) | undefined;
  #other: MemoryChannel | undefined;
  #queue: (Uint8Array<ArrayBuffer> | string)[] = [];
  #queued = 0;
  #isScheduled = false;
  #isClosed = false;

  /** Number of queued bytes. */
  get bufferedAmount(): number {
    return this.#queued;
  }

  /** @param random Chooses the message that arrives next. @default the oldest */
  constructor(random?: () => number) {
    this.#random = random;
  }

  /** Makes two ends and joins them. */
  static pair(random?: () => number): [MemoryChannel, MemoryChannel] {
    const [one, other] = [new MemoryChannel(random), new MemoryChannel(random)];
    MemoryChannel.join(one, other);
    return [one, other];
  }

  /** Joins two ends that exist. */
  static join(one: MemoryChannel, other: MemoryChannel): void {
    one.#other = other;
    other.#other = one;
  }

  send(message: Uint8Array<ArrayBuffer> | string): void {
    if (this.#isClosed) return;
    this.#queue.push(typeof message === "string" ? message : message.slice());
    this.#queued += message.length;
    this.mostQueued = Math.max(this.mostQueued, this.#queued);
    this.#schedule();
  }

  close(): void {
    if (this.#isClosed) return;
    this.#isClosed = true;
    this.#queue.length = this.#queued = 0;
    setTimeout(() => this.onclose(), 0);
    this.#other!.close();
  }

  /** Drops all messages in both directions from now on, without notice, as a broken network does. */
  die(): void {
    this.stalled = this.#other!.stalled = true;
  }

  /** Delivers the messages that `stalled` held back. */
  resume(): void {
    this.stalled = false;
    this.#schedule();
  }

  #schedule(): void {
    if (this.#isScheduled || this.stalled || this.#queue.length === 0) return;
    this.#isScheduled = true;
    setTimeout(() => this.#deliver(), 0);
  }

  #deliver(): void {
    this.#isScheduled = false;
    if (this.stalled) return;
    for (const message of this.#take()) {
      if (this.#isClosed) return;
      this.#queued -= message.length;
      this.#other!.onmessage(message);
    }
    this.#schedule();
  }

  #take(): (Uint8Array<ArrayBuffer> | string)[] {
    if (!this.#random) return this.#queue.splice(0, BURST);
    const taken = [];
    while (taken.length < BURST && this.#queue.length > 0) {
      taken.push(...this.#queue.splice(Math.floor(this.#random() * this.#queue.length), 1));
    }
    return taken;
  }
}

/** One end of a pair whose transport paces itself, as QUIC does. */
export class PacedMemoryChannel extends MemoryChannel {
  readonly isPaced = true;

  /** Makes two ends and joins them. */
  static override pair(random?: () => number): [PacedMemoryChannel, PacedMemoryChannel] {
    const [one, other] = [new PacedMemoryChannel(random), new PacedMemoryChannel(random)];
    MemoryChannel.join(one, other);
    return [one, other];
  }
}
