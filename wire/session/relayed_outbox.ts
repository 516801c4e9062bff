// What a relayed channel has sent and the other end may lack: when a batch counts as lost, and is sent
// again. After QUIC's loss detection (RFC 9002): each transmission has a number of its own, so that an
// acknowledgement always tells the time of one transmission.
import { ACK_MS, MAX_AHEAD } from "./relayed_inbox.ts";
import type { Ack } from "./relayed_message.ts";

type Bytes = Uint8Array<ArrayBuffer>;

/** Messages that must overtake one before it counts as lost: runs of Lambda overtake each other. */
const OVERTAKEN = 3;

/** The time that a transmission has before it counts as lost, in milliseconds, while none is measured. */
const FIRST_TIMEOUT_MS = 2000;

/** The longest time, after several transmissions without an answer, in milliseconds. */
const MAX_TIMEOUT_MS = 15_000;

/** The least allowance for a varying round trip, in milliseconds. */
const MIN_VARIATION_MS = 100;

/** A part of the stream of messages that is sent, acknowledged and repeated as a whole. */
export interface Batch {
  /** Counts from 1. */
  id: number;
  bytes: Bytes;
}

/** A message that was sent: with a batch, or with an acknowledgement only. */
interface Transmission {
  number: number;
  at: number;
  batch?: Batch;
}

/** The batches on their way. All times in milliseconds. */
export class RelayedOutbox {
  /** Batches that are not acknowledged. */
  readonly #batches = new Map<number, Batch>();
  /** The newest transmission of each of them that is not known to be lost. */
  readonly #current = new Map<number, Transmission>();
  /** Transmissions of which the other end may not know yet, in order. */
  #transmissions: Transmission[] = [];
  #nextId = 1;
  #nextNumber = 0;
  /** All batches below it are acknowledged. */
  #acked = 1;
  #newest = 0;
  #smoothed: number | undefined;
  #variation = 0;
  /** Timeouts since the last news. */
  #timeouts = 0;
  /** When the last news or timeout was: one timer for all, or each would cost a message (RFC 6298 §5). */
  #restarted = 0;

  /** The measured round-trip time, undefined before the first. */
  get roundTripTime(): number | undefined {
    return this.#smoothed;
  }

  /** Whether as many batches are on their way as the other end keeps apart. */
  get isFull(): boolean {
    return this.#nextId >= this.#acked + MAX_AHEAD;
  }

  /** The oldest batch that is lost, if any is. */
  get lost(): Batch | undefined {
    for (const [id, batch] of this.#batches) {
      if (!this.#current.has(id)) return batch;
    }
    return undefined;
  }

  /** When the next transmission counts as lost; Infinity: nothing is on its way. */
  get deadline(): number {
    let deadline = Infinity;
    for (const transmission of this.#current.values()) {
      const { at } = transmission;
      const end = this.#isOvertaken(transmission)
        ? at + this.#patience
        : Math.max(at, this.#restarted) + this.#timeout;
      deadline = Math.min(deadline, end);
    }
    return deadline;
  }

  /** Makes a batch. It counts as lost until it is sent. */
  add(bytes: Bytes): Batch {
    const batch = { id: this.#nextId++, bytes };
    this.#batches.set(batch.id, batch);
    return batch;
  }

  /** Notes a message that leaves now. @returns Its number. */
  sent(batch: Batch | undefined, now: number): number {
    const transmission: Transmission = { number: this.#nextNumber++, at: now, batch };
    if (batch) this.#current.set(batch.id, transmission);
    this.#transmissions.push(transmission);
    // An end that acknowledges nothing must not make them grow.
    if (this.#transmissions.length > 4 * MAX_AHEAD) this.#transmissions.shift();
    return transmission.number;
  }

  /**
   * Notes an acknowledgement.
   *
   * @returns False if it names what was never sent.
   */
  acked({ next, newest, delay, runs }: Ack, now: number): boolean {
    const last = runs.reduce((end, { skipped, there }) => end + skipped + there, next);
    if (last > this.#nextId || newest > this.#nextNumber) return false;
    const { size } = this.#batches;
    for (; this.#acked < next; this.#acked++) this.#forget(this.#acked);
    let id = next;
    for (const { skipped, there } of runs) {
      id += skipped;
      for (const end = id + there; id < end; id++) this.#forget(id);
    }
    if (this.#batches.size < size) {
      this.#timeouts = 0;
      this.#restarted = now;
    }
    if (newest > this.#newest) this.#measure(newest, delay, now);
    this.#findLost(now);
    return true;
  }

  #forget(id: number): void {
    this.#batches.delete(id);
    this.#current.delete(id);
  }

  #measure(newest: number, delay: number, now: number): void {
    this.#newest = newest;
    const known = this.#transmissions.find(({ number }) => number === newest - 1);
    this.#transmissions = this.#transmissions.filter(({ number }) => number >= newest);
    if (!known) return;
    const elapsed = now - known.at;
    const sample = Math.max(1, elapsed - Math.min(delay, elapsed));
    if (this.#smoothed === undefined) {
      this.#smoothed = sample;
      this.#variation = sample / 2;
      return;
    }
    this.#variation += (Math.abs(this.#smoothed - sample) - this.#variation) / 4;
    this.#smoothed += (sample - this.#smoothed) / 8;
  }

  /** What later messages have overtaken is lost: if they are several, or after some time. */
  #findLost(now: number): void {
    for (const [id, transmission] of this.#current) {
      const { number, at } = transmission;
      if (
        number + OVERTAKEN < this.#newest ||
        (this.#isOvertaken(transmission) && now - at >= this.#patience)
      ) this.#current.delete(id);
    }
  }

  #isOvertaken({ number }: Transmission): boolean {
    return number + 1 < this.#newest;
  }

  /**
   * The gateway has dropped a message: the newest, as its throttle has just been reached.
   *
   * @returns Whether it was an acknowledgement only.
   */
  throttled(): boolean {
    const dropped = this.#transmissions.pop();
    if (!dropped) return false;
    const { batch, number } = dropped;
    if (batch && this.#current.get(batch.id)?.number === number) this.#current.delete(batch.id);
    return !batch;
  }

  /** The deadline has passed. Of several, the repetition of the oldest tells of the others. */
  expire(now: number): void {
    this.#findLost(now);
    if (now < this.deadline) return;
    this.#timeouts++;
    this.#restarted = now;
    const all = [...this.#current.values()];
    const oldest = all.reduce((one, other) => other.at < one.at ? other : one);
    this.#current.delete(oldest.batch!.id);
  }

  /** Time until an overtaken transmission counts as lost. */
  get #patience(): number {
    return (this.#smoothed ?? FIRST_TIMEOUT_MS) * 1.25 + MIN_VARIATION_MS;
  }

  /** The same for one that is the newest. */
  get #timeout(): number {
    const first = this.#smoothed === undefined
      ? FIRST_TIMEOUT_MS
      : this.#smoothed + Math.max(4 * this.#variation, MIN_VARIATION_MS) + ACK_MS;
    return Math.min(MAX_TIMEOUT_MS, first * 2 ** this.#timeouts);
  }
}
