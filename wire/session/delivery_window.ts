// Bounds the bytes on their way over a carrier whose transport paces itself, such as QUIC: enough that the
// transport never runs dry, and little beyond, so that a small request does not queue behind a large
// transfer in the transport's own buffers.
//
// As in BBR (draft-ietf-ccwg-bbr), the path holds the highest rate at which bytes were acknowledged lately
// times the shortest round trip. The window is a multiple of that. While the path takes more, the rate
// grows with the window; on a full path, the excess waits in queues.

/** The window as a multiple of what the path holds. The excess is the longest queue, in round trips. */
const GAIN = 1.8;

/** The lower bound in bytes, which is more than come between two ACKs, and the window at the beginning. */
const MIN_WINDOW = 16 * 1024;
const FIRST_WINDOW = 128 * 1024;

/** The upper bound, in bytes. */
const MAX_WINDOW = 8 * 1024 * 1024;

/** Messages that the window has room for, unless they would be smaller than this, in bytes. */
const MESSAGES = 8;
const MIN_MESSAGE = 2 * 1024;

/** Round trips after which a rate is forgotten: a path may become slower. */
const ROUNDS = 10;

/** Most messages whose times are noted: an end that acknowledges nothing must not make them grow. */
const MAX_MARKS = 4096;

/** A message on its way: the state when it was sent. */
interface Mark {
  /** All bytes sent up to and with it. */
  end: number;
  at: number;
  /** Bytes that had been acknowledged by then, and when the last of them were. */
  acked: number;
  ackedAt: number;
}

/** Counts the bytes on their way, and adapts their bound. See {@linkcode CongestionWindow} for the other one. */
export class DeliveryWindow {
  #window = FIRST_WINDOW;
  #sent = 0;
  #acked = 0;
  #ackedAt = 0;
  #best = Infinity;
  readonly #marks: Mark[] = [];
  /** The highest rate of each of the last round trips, in bytes per millisecond, the newest last. */
  readonly #rates = [0];
  /** The present round trip ends when the bytes up to this one are acknowledged. */
  #roundEnd = 0;

  /** Whether more bytes may be sent now. */
  get hasRoom(): boolean {
    return this.#sent - this.#acked < this.#window;
  }

  /** Most bytes of a message: on a slow link, a small request waits for the rest of one. */
  get message(): number {
    return Math.max(MIN_MESSAGE, this.#window / MESSAGES);
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
    // After a pause, the rate counts from the next message.
    if (this.#sent === this.#acked) this.#ackedAt = now;
    this.#sent += bytes;
    const mark = { end: this.#sent, at: now, acked: this.#acked, ackedAt: this.#ackedAt };
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
    this.#acked = bytes;
    this.#ackedAt = now;
    let newest: Mark | undefined;
    while (this.#marks.length > 0 && this.#marks[0]!.end <= bytes) newest = this.#marks.shift();
    if (!newest) return true;
    this.#best = Math.min(this.#best, Math.max(now - newest.at, 0.1));
    // ACKs that come in a bunch say nothing of the path: no rate is taken over less than a round trip.
    const elapsed = Math.max(now - newest.ackedAt, this.#best);
    this.#note((bytes - newest.acked) / elapsed, bytes);
    const held = Math.max(...this.#rates) * this.#best;
    this.#window = Math.min(MAX_WINDOW, Math.max(MIN_WINDOW, held * GAIN));
    return true;
  }

  #note(rate: number, bytes: number): void {
    const last = this.#rates.length - 1;
    this.#rates[last] = Math.max(this.#rates[last]!, rate);
    if (bytes < this.#roundEnd) return;
    this.#roundEnd = this.#sent;
    this.#rates.push(rate);
    if (this.#rates.length > ROUNDS) this.#rates.shift();
  }
}
