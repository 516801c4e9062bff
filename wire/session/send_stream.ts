// The sending direction of a stream: the bytes to send, those that may have to be sent again, and the
// limit that the other end sets (RFC 9000 §3.1, §4.1). No I/O: the stream asks for the next piece.
import { LighthouseError } from "../error.ts";
import { concat } from "../bytes.ts";
import { MAX_STREAM_WINDOW } from "../limits.ts";
import { INITIAL_LIMITS } from "./hello.ts";
import type { RetransmitBudget } from "./retransmit_budget.ts";

/**
 * Bytes that may wait to be sent before a writer has to wait: a body that is written and ended at once
 * then leaves as one message, and the source is asked for the next part while the last one is sent.
 */
const WRITE_AHEAD = 16 * 1024;

/** Pieces smaller than this are kept together, in bytes: the other end chooses how long they are kept. */
const SMALL = 1024;

/** Bytes to send, and where they belong in the stream. */
export interface Piece {
  offset: number;
  bytes: Uint8Array;
  /** Whether they are the last. */
  end: boolean;
}

/**
 * Keeps the bytes that it hands out until the other end has them: at most the credit, at most
 * {@linkcode MAX_STREAM_WINDOW}, and at most its part of the session's budget.
 */
export class SendStream {
  /** Called when nothing more can be written, with the reason. */
  onUnwritable: ((reason: unknown) => void) | undefined;

  /** Sent and not known to have arrived, in order, without gaps. */
  readonly #kept: { offset: number; bytes: Uint8Array }[] = [];
  /** Not sent yet. */
  readonly #unsent: Uint8Array[] = [];
  #waiting = 0;
  #received = 0;
  #next = 0;
  #sent = 0;
  #limit: number;
  #ended = false;
  #endSent = false;
  #over = false;
  /** Resolves the write that waits, if one does. */
  #written: (() => void) | undefined;
  #unwritable: { reason: unknown } | undefined;
  readonly #budget: RetransmitBudget;
  /** Bytes that the budget knows of. */
  #noted = 0;
  /** What the last CREDIT allowed beyond the bytes that had arrived. */
  #credited: number;
  /** Whether there was no memory for more than has to be kept, until some of it has arrived. */
  #isTight = false;
  readonly #wake: () => void;

  /**
   * @param limit Bytes that may be sent before the other end gives more credit.
   * @param wake Called when something was written.
   */
  constructor(limit: number, budget: RetransmitBudget, wake: () => void) {
    this.#limit = this.#credited = limit;
    this.#budget = budget;
    this.#wake = wake;
  }

  /** Bytes sent so far, each counted once. */
  get sent(): number {
    return this.#sent;
  }

  /** The other end holds all bytes below this offset. */
  get received(): number {
    return this.#received;
  }

  /** Whether the other end needs nothing more of this direction. */
  get over(): boolean {
    return this.#over;
  }

  /** Bytes written that have not been sent yet. */
  get waiting(): number {
    return this.#waiting;
  }

  /** Why nothing more can be written; undefined while more can. */
  get unwritable(): { reason: unknown } | undefined {
    return this.#unwritable;
  }

  /** Whether all was written and has been sent. */
  get complete(): boolean {
    return this.#ended && this.#waiting === 0;
  }

  /** Whether {@linkcode take} has something. */
  get ready(): boolean {
    if (this.#over) return false;
    if (this.#next < this.#sent) return true;
    if (this.#waiting > 0) return this.#room > 0;
    return this.#ended && !this.#endSent;
  }

  /** Queues bytes that nobody changes any more, without a wait. */
  queue(bytes: Uint8Array): void {
    if (bytes.length === 0 || this.#over || this.#ended) return;
    this.#unsent.push(bytes);
    this.#waiting += bytes.length;
    this.#wake();
  }

  /**
   * Writes a chunk, which is the writer's again once this is done.
   *
   * @returns Undefined or a promise, which resolves when all but 16 KiB have been sent.
   * @throws {TypeError} If it is no Uint8Array.
   */
  write(chunk: unknown): Promise<void> | void {
    if (!(chunk instanceof Uint8Array)) {
      throw new TypeError("Cannot write to the stream: a chunk is no Uint8Array");
    }
    if (chunk.length === 0) return;
    const isAhead = this.#waiting + chunk.length <= WRITE_AHEAD;
    this.queue(isAhead ? chunk.slice() : chunk);
    if (!isAhead) return new Promise((resolve) => this.#written = resolve);
  }

  /** Ends the direction behind the bytes written so far. */
  end(): void {
    if (this.#unwritable) return;
    this.#ended = true;
    this.#wake();
  }

  /** Nothing more can be written: tells the writer why. */
  refuseWrites(reason: unknown): void {
    this.#unwritable ??= { reason };
    this.#finishWrite();
    this.onUnwritable?.(reason);
  }

  /**
   * The next bytes to send: first those to send again, then new ones within the credit.
   *
   * @param max Most bytes.
   * @throws {LighthouseError} `host-busy` if there is no memory to keep what the other end waits for.
   */
  take(max: number): Piece | undefined {
    if (!this.ready) return undefined;
    const offset = this.#next;
    const bytes = offset < this.#sent ? this.#again(max) : this.#new(max);
    if (!bytes) return undefined;
    this.#next += bytes.length;
    const end = this.complete && this.#next === this.#sent;
    if (end) this.#endSent = true;
    if (this.#waiting <= WRITE_AHEAD) this.#finishWrite();
    return { offset, bytes, end };
  }

  /**
   * The other end holds all bytes below `received`, and takes those below `limit`. Older news changes
   * nothing.
   *
   * @throws {LighthouseError} `bad-frame` when `received` exceeds the bytes sent.
   */
  credit(received: number, limit: number): void {
    if (received > this.#sent) {
      throw new LighthouseError(
        "bad-frame",
        `Cannot go on with the stream: ${received} bytes were received of ${this.#sent} sent`,
      );
    }
    this.#received = Math.max(this.#received, received);
    this.#limit = Math.max(this.#limit, Math.min(limit, this.#received + MAX_STREAM_WINDOW));
    this.#credited = this.#limit - this.#received;
    this.#isTight = false;
    this.#next = Math.max(this.#next, this.#received);
    const drop = this.#indexBehind(this.#received);
    if (drop === 0) return this.#note();
    for (const { bytes } of this.#kept.splice(0, drop)) this.#budget.recycle(bytes);
    this.#note();
  }

  /** Goes back to the first byte that may not have arrived: the carrier of it is lost. */
  rewind(): void {
    this.#next = this.#received;
    this.#endSent = false;
  }

  /** The other end wants no more: ends behind the bytes sent so far. */
  stop(): void {
    this.#dropAll();
    this.#received = this.#next = this.#sent;
    this.#ended = true;
    this.#note();
  }

  /** The other end needs nothing more. */
  finish(): void {
    this.#dropAll();
    this.#received = this.#sent;
    this.#over = true;
    this.#note();
    this.#finishWrite();
  }

  #finishWrite(): void {
    if (!this.#written) return;
    // The writer may change its bytes from now on. They are the last: it waits for this.
    const last = this.#unsent.pop();
    if (last) this.#unsent.push(last.slice());
    this.#written();
    this.#written = undefined;
  }

  #dropAll(): void {
    this.#unsent.length = this.#waiting = 0;
    this.#kept.length = 0;
  }

  /** Bytes that may leave for the first time now. */
  get #room(): number {
    const kept = this.#sent - this.#received;
    const room = Math.min(this.#limit - this.#sent, this.#budget.roomBeside(kept));
    return this.#isTight ? Math.min(room, this.#needed - kept) : room;
  }

  /**
   * Bytes that this end has to be able to keep: the other end gives credit when it has read a quarter of
   * its window, and would wait for ever for less.
   */
  get #needed(): number {
    return Math.max(INITIAL_LIMITS.credit, Math.ceil(this.#credited / 4));
  }

  #note(): void {
    const kept = this.#sent - this.#received;
    this.#budget.note(kept, this.#noted);
    this.#noted = kept;
  }

  #again(max: number): Uint8Array {
    const { offset, bytes } = this.#kept[this.#indexBehind(this.#next)]!;
    const start = this.#next - offset;
    return bytes.subarray(start, start + max);
  }

  /** The first kept piece that ends behind an offset: by halves, since there can be many. */
  #indexBehind(at: number): number {
    let low = 0;
    for (let high = this.#kept.length; low < high;) {
      const middle = (low + high) >> 1;
      const { offset, bytes } = this.#kept[middle]!;
      if (offset + bytes.length > at) high = middle;
      else low = middle + 1;
    }
    return low;
  }

  #new(max: number): Uint8Array | undefined {
    const length = Math.min(max, this.#room, this.#waiting);
    const canWait = this.#sent - this.#received + length > this.#needed;
    if (!this.#budget.take(length, canWait)) {
      if (!canWait) throw new LighthouseError("host-busy", "There is no memory for what was sent");
      this.#isTight = true;
      return undefined;
    }
    // A copy: the writer may change its bytes, and a part would keep all of a large chunk in memory.
    const bytes = this.#budget.room(length);
    let filled = 0;
    let whole = 0;
    while (filled < length) {
      const chunk = this.#unsent[whole]!;
      const part = chunk.subarray(0, length - filled);
      bytes.set(part, filled);
      filled += part.length;
      if (part.length === chunk.length) whole++;
      else this.#unsent[whole] = chunk.subarray(part.length);
    }
    if (whole === 1) this.#unsent.shift();
    else if (whole > 1) this.#unsent.splice(0, whole);
    this.#keep(bytes);
    this.#sent += length;
    this.#waiting -= length;
    this.#note();
    return bytes;
  }

  /** Keeps the bytes that are about to be sent. */
  #keep(bytes: Uint8Array): void {
    if (bytes.length === 0) return;
    const last = this.#kept.at(-1);
    if (last && last.bytes.length + bytes.length <= SMALL) last.bytes = concat(last.bytes, bytes);
    else this.#kept.push({ offset: this.#sent, bytes });
  }
}
