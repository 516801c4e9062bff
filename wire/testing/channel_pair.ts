// Two channels joined in memory, for tests: as a data channel is, as far as a session can tell.
import type { Channel } from "../channel.ts";

/** Bytes queued at which a channel says that it is full, and below which it has room again. */
export const HIGH_WATER = 64 * 1024;
const LOW_WATER = 32 * 1024;

/** Most messages that arrive in one go, with no microtask run in between. */
const BURST = 32;

/** One end of a pair. */
export class MemoryChannel implements Channel {
  onmessage: Channel["onmessage"] = () => {};
  ondrain: Channel["ondrain"] = () => {};
  onclose: Channel["onclose"] = () => {};
  /** The most bytes that were ever queued here. */
  mostQueued = 0;
  /** Whether what is sent stays in the queue, as on a network that is gone. */
  stalled = false;

  #other: MemoryChannel | undefined;
  #queue: (Uint8Array<ArrayBuffer> | string)[] = [];
  #queued = 0;
  #isFull = false;
  #isScheduled = false;
  #isClosed = false;

  /** Joins two ends. */
  static pair(): [MemoryChannel, MemoryChannel] {
    const [one, other] = [new MemoryChannel(), new MemoryChannel()];
    one.#other = other;
    other.#other = one;
    return [one, other];
  }

  send(message: Uint8Array<ArrayBuffer> | string): boolean {
    if (this.#isClosed) return true;
    this.#queue.push(message);
    this.#queued += message.length;
    this.mostQueued = Math.max(this.mostQueued, this.#queued);
    this.#isFull ||= this.#queued >= HIGH_WATER;
    this.#schedule();
    return !this.#isFull;
  }

  close(): void {
    if (this.#isClosed) return;
    this.#isClosed = true;
    this.#queue.length = 0;
    setTimeout(() => this.onclose(), 0);
    this.#other!.close();
  }

  /** Lets go what was held back by `stalled`. */
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
    for (const message of this.#queue.splice(0, BURST)) {
      if (this.#isClosed) return;
      this.#queued -= message.length;
      this.#other!.onmessage(message);
    }
    if (this.#isFull && this.#queued < LOW_WATER) {
      this.#isFull = false;
      this.ondrain();
    }
    this.#schedule();
  }
}
