// Bounds the bytes on their way over one carrier: enough to keep the path busy, and no more, so that a
// small request does not queue behind a large transfer.
//
// After FAST TCP and Vegas: with a window W and a round-trip time R, W/R bytes pass per second, and
// the time beyond the path's own round-trip time B passes in queues. W follows W·(B + target)/R, which
// comes to rest when the queues hold bytes for `target` milliseconds.
import { NEAR_MS } from "../limits.ts";

/** The lower bound of the window, with which it begins, in bytes. */
const MIN_WINDOW = 64 * 1024;

/**
 * The lower bounds where the other end is near, in bytes: while streams are shared, and otherwise.
 * There, processes wait for a processor longer than for the path, and need enough bytes for their turn.
 * A larger window is faster, but new streams wait behind it.
 */
const MIN_NEAR_SHARED = 96 * 1024;
const MIN_NEAR = 256 * 1024;

/** The upper bound, in bytes. */
const MAX_WINDOW = 1024 * 1024;

/**
 * The window's growth, at most, as a part of the bytes acknowledged. A small window doubles in a round
 * trip while nothing queues. A large one grows slowly: an excess shows only after a round trip, and
 * would overflow a browser's socket, which takes 64 KiB.
 */
const GROWTH = 0.25;
const STEEP_GROWTH = 1;
const STEEP_UNTIL = 192 * 1024;

/** Time that bytes may spend in queues: the larger of milliseconds, and a part of the path's own time. */
const QUEUE_MS = 5;
const QUEUE_PART = 0.5;

/** Most messages whose times are noted: an end that acknowledges nothing must not make them grow. */
const MAX_MARKS = 4096;

/** Counts the bytes on their way, and adapts their bound. */
export class CongestionWindow {
  /** Whether streams were opened beside others lately. */
  isShared = false;
  readonly #min: number;
  #window: number;
  #sent = 0;
  #acked = 0;
  #best = Infinity;
  /** The shortest since the last adjustment: SCTP's own pauses lengthen single ones. */
  #roundTrip = Infinity;
  /** When the bytes up to `end` were sent, and whether they filled the window. */
  readonly #marks: { end: number; at: number; full: boolean }[] = [];
  #adjusted = 0;
  /** Growth per byte acknowledged, until the next adjustment. */
  #growth = STEEP_GROWTH;

  /** @param min The lower bound, in bytes. */
  constructor(min: number = MIN_WINDOW) {
    this.#min = this.#window = min;
  }

  /** Bytes that may be sent now; negative when too many are on their way. */
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
    const mark = { end: this.#sent, at: now, full: this.room <= 0 };
    if (this.#marks.length === MAX_MARKS) this.#marks[MAX_MARKS - 1] = mark;
    else this.#marks.push(mark);
  }

  /**
   * Notes an ACK. @param bytes All bytes that the other end has received.
   *
   * @returns False when they exceed the bytes sent.
   */
  acked(bytes: number, now: number): boolean {
    if (bytes > this.#sent) return false;
    if (bytes <= this.#acked) return true;
    const fresh = bytes - this.#acked;
    this.#acked = bytes;
    let newest: { at: number; full: boolean } | undefined;
    while (this.#marks.length > 0 && this.#marks[0]!.end <= bytes) newest = this.#marks.shift();
    if (newest) this.#best = Math.min(this.#best, now - newest.at);
    // Messages that did not fill the window say nothing about it, and the other end may have held back
    // their acknowledgement.
    if (!newest?.full) return true;
    // Gradually: a window that grows at once lets a burst go.
    this.#window = Math.min(MAX_WINDOW, this.#window + fresh * this.#growth);
    this.#roundTrip = Math.min(this.#roundTrip, Math.max(now - newest.at, 0.1));
    if (now - this.#adjusted >= this.#roundTrip) this.#adjust(now);
    return true;
  }

  /** Once per round trip: an earlier adjustment would rest on measurements before the last one. */
  #adjust(now: number): void {
    const near = this.isShared ? MIN_NEAR_SHARED : MIN_NEAR;
    const min = Math.max(this.#min, this.#best < NEAR_MS ? near : 0);
    const target = Math.max(QUEUE_MS, this.#best * QUEUE_PART);
    const factor = (this.#best + target) / this.#roundTrip;
    const isFree = this.#window < STEEP_UNTIL && this.#roundTrip < this.#best + target / 4;
    this.#growth = isFree ? STEEP_GROWTH : Math.max(0, Math.min(GROWTH, factor - 1));
    this.#window = Math.max(min, this.#window * Math.max(0.5, Math.min(1, factor)));
    this.#adjusted = now;
    this.#roundTrip = Infinity;
  }
}
