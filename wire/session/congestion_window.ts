// How much may be on its way over one carrier: enough to keep the path busy, and no more, so that a
// small request does not queue behind a large transfer.
//
// After FAST TCP and Vegas: with a window W and a round-trip time R, W/R bytes pass per second, and
// what exceeds the path's own round-trip time B is spent in queues. W follows W·(B + target)/R, which
// rests where the queues hold `target` milliseconds' worth of bytes.
import { NEAR_MS } from "../limits.ts";

/** Bounds of the window in bytes; it begins at the lower one. */
const MIN_WINDOW = 64 * 1024;

/**
 * The lower bounds where the other end is near: there, processes that wait for a processor take more
 * time than the path, and with less under way they have nothing to do when their turn comes. More is
 * faster; but what is new waits behind it, so a transfer that is not alone gets by with less.
 */
const LEAST_NEAR = 96 * 1024;
const LEAST_NEAR_ALONE = 256 * 1024;

const MOST = 1024 * 1024;

/**
 * By how much of what is acknowledged the window grows, at most: while it is small, and nothing queues,
 * it doubles in a round trip. Later it grows slowly, since what exceeds the path for the one round trip
 * until that shows overflows a browser's socket, which takes 64 KiB.
 */
const GROWTH = 0.25;
const STEEP_GROWTH = 1;
const STEEP_UNTIL = 192 * 1024;

/** Time that bytes may spend in queues, in milliseconds, and as a part of the path's own time. */
const QUEUE_MS = 5;
const QUEUE_PART = 0.5;

/** The bytes on their way, and how many may be. */
export class CongestionWindow {
  /** Whether streams have been opened beside others lately. */
  isShared = false;
  #window = MIN_WINDOW;
  #sent = 0;
  #acked = 0;
  #best = Infinity;
  /** The shortest since the window was adjusted: single ones are longer by SCTP's own pauses. */
  #roundTrip = Infinity;
  /** When the bytes up to `end` were sent. */
  readonly #marks: { end: number; at: number; full: boolean }[] = [];
  #adjusted = 0;
  /** Bytes by which the window grows for each that is acknowledged, until it is adjusted again. */
  #growth = STEEP_GROWTH;

  /** Bytes that may be sent now; negative when there are too many already. */
  get room(): number {
    return this.#window - (this.#sent - this.#acked);
  }

  /** The shortest time from a message to its acknowledgement, in milliseconds; Infinity before one. */
  get shortest(): number {
    return this.#best;
  }

  /** Bytes that may be on their way. */
  get window(): number {
    return this.#window;
  }

  /** Notes a message that leaves now. */
  sent(bytes: number, now: number): void {
    this.#sent += bytes;
    this.#marks.push({ end: this.#sent, at: now, full: this.room <= 0 });
  }

  /**
   * Notes that the other end has received this many bytes in all.
   *
   * @returns false when that cannot be.
   */
  acked(bytes: number, now: number): boolean {
    if (bytes > this.#sent) return false;
    if (bytes <= this.#acked) return true;
    const fresh = bytes - this.#acked;
    this.#acked = bytes;
    let newest: { at: number; full: boolean } | undefined;
    while (this.#marks.length > 0 && this.#marks[0]!.end <= bytes) newest = this.#marks.shift();
    if (newest) this.#best = Math.min(this.#best, now - newest.at);
    // What was sent while there was room says nothing about the window, and its time may be that for
    // which the other end had nothing to acknowledge it with.
    if (!newest?.full) return true;
    // Bit by bit: a window that grows at once lets a burst go.
    this.#window = Math.min(MOST, this.#window + fresh * this.#growth);
    this.#roundTrip = Math.min(this.#roundTrip, Math.max(now - newest.at, 0.1));
    if (now - this.#adjusted >= this.#roundTrip) this.#adjust(now);
    return true;
  }

  /** Once per round trip, or an adjustment would be made on the grounds of what was before the last. */
  #adjust(now: number): void {
    const near = this.isShared ? LEAST_NEAR : LEAST_NEAR_ALONE;
    const least = this.#best < NEAR_MS ? near : MIN_WINDOW;
    const target = Math.max(QUEUE_MS, this.#best * QUEUE_PART);
    const factor = (this.#best + target) / this.#roundTrip;
    const isFree = this.#window < STEEP_UNTIL && this.#roundTrip < this.#best + target / 4;
    this.#growth = isFree ? STEEP_GROWTH : Math.max(0, Math.min(GROWTH, factor - 1));
    this.#window = Math.max(least, this.#window * Math.max(0.5, Math.min(1, factor)));
    this.#adjusted = now;
    this.#roundTrip = Infinity;
  }
}
