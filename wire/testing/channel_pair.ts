// Two channels joined in memory, for tests: as a data channel is, as far as a session can tell.
import type { Channel } from "../session/channel.ts";

/** Most messages that arrive in one go, with no microtask run in between. */
const BURST = 32;

/** One end of a pair. */
export class MemoryChannel implements Channel {
  onmessage: Channel["onmessage"] = () => {};
  onclose: Channel["onclose"] = () => {};
  /** The most bytes that were ever queued here. */
  mostQueued = 0;
  /** Whether messages stay in the queue, as on a network that is gone. */
  stalled = false;

  readonly #random: (() => number) | undefined;
  #other: MemoryChannel | undefined;
  #queue: (Uint8Array<ArrayBuffer> | string)[] = [];
  #queued = 0;
  #isScheduled = false;
  #isClosed = false;

  /** Bytes queued now. */
  get bufferedAmount(): number {
    return this.#queued;
  }

  /** @param random Chooses which message arrives next. @default the one sent first */
  constructor(random?: () => number) {
    this.#random = random;
  }

  /** Joins two ends. */
  static pair(random?: () => number): [MemoryChannel, MemoryChannel] {
    const [one, other] = [new MemoryChannel(random), new MemoryChannel(random)];
    one.#other = other;
    other.#other = one;
    return [one, other];
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

  /** Loses all messages, both ways and forever, without a word: a network that is gone. */
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
