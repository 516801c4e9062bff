// What a relayed channel has received: which messages and batches, and when the other end should hear
// of it. An acknowledgement goes with whatever is sent; one by itself costs a message, so it waits.
import { type Ack, MAX_RUNS } from "./relayed_message.ts";

/** Most batches beyond the first missing one: more are dropped, and sent again later. */
export const MAX_AHEAD = 128;

/** Messages whose numbers are remembered. One that is older than all of them is dropped. */
const REMEMBERED = 1024;

/** Longest time for which an acknowledgement waits to go with another message, in milliseconds. */
export const ACK_MS = 1000;

/** The same after a batch arrived before one that is missing, or a second time, in milliseconds. */
const SOON_MS = 100;

/** Batches after which an acknowledgement waits no longer. */
const ACK_EVERY = 16;

/** The numbers that have arrived. All times in milliseconds. */
export class RelayedInbox {
  /** Numbers of messages. */
  readonly #numbers = new Set<number>();
  /** Batches beyond `#next`. */
  readonly #ahead = new Set<number>();
  #next = 1;
  #newest = 0;
  #newestAt = 0;
  #unacknowledged = 0;
  #due = Infinity;

  /** When an acknowledgement is to be sent by itself, if none has gone with a message before. */
  get due(): number {
    return this.#due;
  }

  /**
   * Notes a genuine message. The same number again is a copy that the network or the relay has made.
   *
   * @returns Whether it is the first with this number.
   */
  takeNumber(number: number, now: number): boolean {
    if (number < this.#newest - REMEMBERED || this.#numbers.has(number)) return false;
    this.#numbers.add(number);
    if (number >= this.#newest) {
      this.#newest = number + 1;
      this.#newestAt = now;
      this.#forgetOld();
    }
    return true;
  }

  #forgetOld(): void {
    for (const number of this.#numbers) {
      if (this.#numbers.size <= REMEMBERED) return;
      this.#numbers.delete(number);
    }
  }

  /** Notes a batch. @returns Whether it is new, and is to be delivered. */
  takeBatch(id: number, now: number): boolean {
    if (id >= this.#next + MAX_AHEAD || !Number.isSafeInteger(id)) return false;
    const isNew = id >= this.#next && !this.#ahead.has(id);
    if (isNew) {
      this.#ahead.add(id);
      while (this.#ahead.delete(this.#next)) this.#next++;
    }
    this.#unacknowledged++;
    const isSoon = !isNew || this.#ahead.size > 0;
    const wait = this.#unacknowledged >= ACK_EVERY ? 0 : isSoon ? SOON_MS : ACK_MS;
    this.#due = Math.min(this.#due, now + wait);
    return isNew;
  }

  /** The acknowledgement for a message that leaves now. */
  ack(now: number): Ack {
    this.#due = Infinity;
    this.#unacknowledged = 0;
    const delay = this.#newest === 0 ? 0 : Math.max(0, Math.round(now - this.#newestAt));
    return { next: this.#next, newest: this.#newest, delay, runs: this.#runs() };
  }

  /** The message with the last acknowledgement was dropped on its way. */
  ackAgain(now: number): void {
    this.#due = Math.min(this.#due, now);
  }

  #runs(): Ack["runs"] {
    const runs: Ack["runs"] = [];
    let end = this.#next;
    for (const id of [...this.#ahead].sort((a, b) => a - b)) {
      const last = runs.at(-1);
      if (last && id === end) last.there++;
      else if (runs.length === MAX_RUNS) break;
      else runs.push({ skipped: id - end, there: 1 });
      end = id + 1;
    }
    return runs;
  }
}
