// Bounds the bytes on their way: enough to keep the path busy, and no more, so that a small request does
// not queue behind a large transfer. Each carrier has a window, and all carriers of a session share one.
//
// After FAST TCP and Vegas: with a window W and a round-trip time R, W/R bytes pass per second, and
// the time beyond the path's own round-trip time B passes in queues. W follows W·(B + target)/R, which
// comes to rest when the queues hold bytes for `target` milliseconds.
import { NEAR_MS } from "../limits.ts";

/** How a window begins, and how it grows. */
interface WindowRules {
  /** The window at the beginning, in bytes. */
  first: number;
  /** The lower bound, in bytes. */
  min: number;
  /** The upper bound, in bytes. */
  max: number;
  /** The growth, at most, as a part of the bytes acknowledged. */
  growth: number;
  /** A smaller window than this, in bytes, doubles in a round trip while nothing queues. */
  steepUntil: number;
}

/**
 * A carrier's window. A large one grows slowly: an excess shows only after a round trip, and would overflow
 * a browser's socket, which takes 64 KiB.
 */
const CARRIER: WindowRules = {
  first: 64 * 1024,
  min: 8 * 1024,
  max: 1024 * 1024,
  growth: 0.25,
  steepUntil: 192 * 1024,
};

/** That of a carrier whose messages cost money: the channel has a bound of its own. */
export const METERED: WindowRules = { ...CARRIER, first: 1024 * 1024, min: 1024 * 1024 };

/** That of a carrier whose transport paces itself: no socket overflows, so it need not grow slowly. */
export const PACED: WindowRules = {
  first: 128 * 1024,
  min: 16 * 1024,
  max: 8 * 1024 * 1024,
  growth: 1,
  steepUntil: Infinity,
};

/** The window that carriers share. Each of them has a socket, so this one need not grow slowly. */
const PATH: WindowRules = {
  first: 64 * 1024,
  // 65 ms of 1 Mbit/s.
  min: 8 * 1024,
  max: 8 * 1024 * 1024,
  growth: 1,
  steepUntil: Infinity,
};

/**
 * The lower bounds where the other end is near, in bytes: while streams are shared, and otherwise.
 * There, processes wait for a processor longer than for the path, and need enough bytes for their turn.
 * A larger window is faster, but new streams wait behind it.
 */
const MIN_NEAR_SHARED = 96 * 1024;
const MIN_NEAR = 256 * 1024;

/** The largest lower bound elsewhere, in bytes. */
const MAX_FLOOR = 64 * 1024;

/** Time that bytes may spend in queues: the larger of milliseconds, and a part of the path's own time. */
const QUEUE_MS = 5;
const QUEUE_PART = 0.5;

/** The growth of the rate from one round trip to the next by which a path takes more than before. */
const FASTER = 1.25;

/** Messages that the path's window has room for, unless they would be smaller than this, in bytes. */
const MESSAGES = 8;
const MIN_MESSAGE = 1024;

/** Most messages whose times are noted: an end that acknowledges nothing must not make them grow. */
const MAX_MARKS = 4096;

/** Follows the round trips of messages. */
class Window {
  /** Bytes that may be on their way. */
  size: number;
  /** Bytes on their way. */
  flying = 0;
  /** The shortest round trip, in milliseconds. */
  shortest = Infinity;
  readonly #rules: WindowRules;
  /** The shortest since the last adjustment: SCTP's own pauses lengthen single ones. */
  #roundTrip = Infinity;
  /** Bytes acknowledged since then. */
  #bytes = 0;
  /** Their round trips, each times its bytes. */
  #sum = 0;
  /** Bytes acknowledged since the window grew last. */
  #fresh = 0;
  #adjusted = 0;
  /** The most bytes that have arrived in a millisecond. */
  #rate = 0;
  /** Growth per byte acknowledged, until the next adjustment. */
  #growth = 1;

  constructor(rules: WindowRules) {
    this.#rules = rules;
    this.size = rules.first;
  }

  get isFull(): boolean {
    return this.flying >= this.size;
  }

  /** Takes what an ACK says of the queues. */
  hear(bytes: number, roundTrip: number): void {
    this.#bytes += bytes;
    this.#fresh += bytes;
    this.#roundTrip = Math.min(this.#roundTrip, Math.max(roundTrip, 0.1));
    this.#sum += bytes * roundTrip;
  }

  /** Adapts to what was heard. @param isFilled Whether the ACK is of a message that has filled the window. */
  adapt(now: number, isFilled: boolean, isShared: boolean): void {
    if (isFilled) this.#grow();
    // A transfer that its stream's credit holds up can queue as well. Less than that says nothing of the path.
    else if (this.#bytes < this.size / 4) return;
    // Once per round trip: an earlier adjustment would rest on measurements before the last one.
    if (now - this.#adjusted < this.#roundTrip) return;
    const target = Math.max(QUEUE_MS, this.shortest * QUEUE_PART);
    const rate = this.#bytes / (now - this.#adjusted);
    // While the path takes ever more, the round trip grows by the pauses of a transport that is as new to the
    // path, and not by a queue (BBR's startup).
    const isFaster = this.#rules.steepUntil === Infinity && rate > FASTER * this.#rate;
    // Near, the processors are the path: one of them is free now and then, whatever waits for the others.
    const isNear = this.#rules === PATH && this.shortest < NEAR_MS;
    const roundTrip = isNear ? this.#sum / this.#bytes : this.#roundTrip;
    const factor = isFaster ? 2 : (this.shortest + target) / roundTrip;
    const isFree = this.size < this.#rules.steepUntil &&
      (isFaster || roundTrip < this.shortest + target / 4);
    this.#rate = Math.max(this.#rate, rate);
    this.#growth = isFree ? 1 : Math.max(0, Math.min(this.#rules.growth, factor - 1));
    const least = isFilled ? this.#floor(isShared) : Math.min(this.size, this.#rules.first);
    this.size = Math.max(least, this.size * Math.max(0.5, Math.min(1, factor)));
    this.#adjusted = now;
    this.#bytes = this.#sum = 0;
    this.#roundTrip = Infinity;
  }

  /** Gradually: a window that grows at once lets a burst go. */
  #grow(): void {
    const fresh = Math.min(this.#fresh, this.size);
    this.size = Math.min(this.#rules.max, this.size + fresh * this.#growth);
    this.#fresh = 0;
  }

  #floor(isShared: boolean): number {
    const near = isShared ? MIN_NEAR_SHARED : MIN_NEAR;
    if (this.shortest < NEAR_MS) return Math.max(this.#rules.min, near);
    // The other end may have measured less than this one, and wait for as many bytes with its ACK.
    if (this.shortest < 2 * NEAR_MS) return Math.max(this.#rules.min, MAX_FLOOR);
    // The path has taken as much without a queue. If it queues now, others fill the queue, and a smaller
    // window would leave the path to them.
    const alone = this.#rate * this.shortest;
    return Math.max(this.#rules.min, Math.min(MAX_FLOOR, alone));
  }
}

/** The window that the carriers of a session share: their bytes meet in the queues of one path. */
export class PathWindow extends Window {
  constructor() {
    super(PATH);
  }

  /**
   * Most bytes of a message: on a slow link, a small request waits for the rest of one. Near, where each
   * message costs processor time, there is no bound.
   */
  get message(): number {
    if (this.shortest < NEAR_MS) return Infinity;
    return Math.max(MIN_MESSAGE, Math.floor(this.size / MESSAGES));
  }
}

/** Counts the bytes on their way over one carrier, and adapts their bounds. */
export class CongestionWindow {
  /** Whether streams were opened beside others lately. */
  isShared = false;
  readonly #own: Window;
  #path: PathWindow | undefined;
  #sent = 0;
  #acked = 0;
  /** When the bytes up to `end` were sent, and which windows they filled. */
  readonly #marks: { end: number; at: number; fills: Window[] }[] = [];

  constructor(rules = CARRIER) {
    this.#own = new Window(rules);
  }

  /** Whether more bytes may be sent now. */
  get hasRoom(): boolean {
    return this.#windows.every(({ isFull }) => !isFull);
  }

  /** The shortest time from a message to its acknowledgement, in milliseconds; Infinity before one. */
  get shortest(): number {
    return this.#own.shortest;
  }

  /** Bytes that may be on their way over this carrier. */
  get window(): number {
    return this.#own.size;
  }

  /** Shares a window with other carriers from now on. */
  join(path: PathWindow): void {
    this.#path = path;
    path.flying += this.#own.flying;
  }

  /** Shares it no longer: the carrier is closed. */
  leave(): void {
    if (this.#path) this.#path.flying -= this.#own.flying;
    this.#path = undefined;
  }

  /** Notes a message that leaves now. */
  sent(bytes: number, now: number): void {
    this.#sent += bytes;
    for (const window of this.#windows) window.flying += bytes;
    const fills = this.#windows.filter(({ isFull }) => isFull);
    const mark = { end: this.#sent, at: now, fills };
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
    let newest: { at: number } | undefined;
    const filled = new Set<Window>();
    while (this.#marks.length > 0 && this.#marks[0]!.end <= bytes) {
      const mark = this.#marks.shift()!;
      for (const window of mark.fills) filled.add(window);
      newest = mark;
    }
    for (const window of this.#windows) {
      window.flying -= fresh;
      if (!newest) continue;
      const roundTrip = now - newest.at;
      const isFilled = filled.has(window);
      window.shortest = Math.min(window.shortest, roundTrip);
      // The path's queue delays all messages alike. A carrier's own delays those behind a full window:
      // the other end may have held back the acknowledgement of others.
      if (!isFilled && window !== this.#path) continue;
      window.hear(fresh, roundTrip);
      window.adapt(now, isFilled, this.isShared);
    }
    return true;
  }

  get #windows(): Window[] {
    return this.#path ? [this.#own, this.#path] : [this.#own];
  }
}
