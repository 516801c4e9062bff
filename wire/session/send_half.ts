// The outgoing direction of a stream: what is to be sent, what was sent and may be needed again, and
// how far the other end lets it go. No I/O: the stream asks for the next piece (RFC 9000 §3.1).
import { LighthouseError } from "../error.ts";
import type { RetransmitBudget } from "./retransmit_budget.ts";

/** Most bytes that are kept, whatever credit there is: as many as the largest window of a stream. */
const MAX_KEPT = 4 * 1024 * 1024;

/** Bytes to send, and where they belong in the stream. */
export interface Piece {
  offset: number;
  bytes: Uint8Array;
  /** Whether they are the last. */
  end: boolean;
}

/**
 * Keeps what it hands out until the other end has it: at most what its credit allows, since no more
 * is on the way, never more than 4 MiB, and no more than its part of what the session may keep.
 */
export class SendHalf {
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
  readonly #share: RetransmitBudget;
  /** What the share knows of. */
  #noted = 0;

  /** @param limit Bytes that may be sent before the other end gives more credit. */
  constructor(limit: number, share: RetransmitBudget) {
    this.#limit = limit;
    this.#share = share;
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

  /** Whether nothing is left to be written: the end has been given, and all before it sent. */
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

  /** Queues bytes. They are not copied before they are sent, or {@linkcode own} is called. */
  write(bytes: Uint8Array): void {
    if (bytes.length === 0 || this.#over || this.#ended) return;
    this.#unsent.push(bytes);
    this.#waiting += bytes.length;
  }

  /** Copies what waits: the writer may change its bytes from now on. */
  own(): void {
    this.#unsent.forEach((bytes, index) => this.#unsent[index] = bytes.slice());
  }

  /** Nothing follows what has been written. */
  end(): void {
    this.#ended = true;
  }

  /**
   * The next bytes to send: first what has to be sent again, then what is new and within the credit.
   *
   * @param max Most bytes.
   */
  take(max: number): Piece | undefined {
    if (!this.ready) return undefined;
    const offset = this.#next;
    const bytes = offset < this.#sent ? this.#again(max) : this.#new(max);
    this.#next += bytes.length;
    const end = this.complete && this.#next === this.#sent;
    if (end) this.#endSent = true;
    return { offset, bytes, end };
  }

  /**
   * The other end holds all bytes below `received`, and takes those below `limit`. Older news than
   * what is known changes nothing.
   *
   * @throws {LighthouseError} `bad-frame` when it claims what was never sent.
   */
  credit(received: number, limit: number): void {
    if (received > this.#sent) {
      throw new LighthouseError(
        "bad-frame",
        `Cannot go on with the stream: ${received} bytes were received of ${this.#sent} sent`,
      );
    }
    this.#received = Math.max(this.#received, received);
    this.#limit = Math.max(this.#limit, Math.min(limit, this.#received + MAX_KEPT));
    this.#next = Math.max(this.#next, this.#received);
    let drop = 0;
    for (const { offset, bytes } of this.#kept) {
      if (offset + bytes.length > this.#received) break;
      this.#share.recycle(bytes);
      drop++;
    }
    if (drop > 0) this.#kept.splice(0, drop);
    this.#note();
  }

  /** Sends again, from the first byte that may not have arrived: what carried it is lost. */
  rewind(): void {
    this.#next = this.#received;
    this.#endSent = false;
  }

  /** The other end wants no more: ends here, without what was not sent. */
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
  }

  #dropAll(): void {
    this.#unsent.length = this.#waiting = 0;
    this.#kept.length = 0;
  }

  /** Bytes that may leave for the first time now. */
  get #room(): number {
    const kept = this.#sent - this.#received;
    return Math.min(this.#limit - this.#sent, this.#share.roomBeside(kept));
  }

  #note(): void {
    const kept = this.#sent - this.#received;
    this.#share.note(kept, this.#noted);
    this.#noted = kept;
  }

  #again(max: number): Uint8Array {
    const { offset, bytes } = this.#kept.find((piece) =>
      piece.offset + piece.bytes.length > this.#next
    )!;
    const start = this.#next - offset;
    return bytes.subarray(start, start + max);
  }

  #new(max: number): Uint8Array {
    const first = this.#unsent[0];
    if (!first) return new Uint8Array();
    const length = Math.min(max, this.#room, first.length);
    // A copy: what is kept is not the writer's any more, and pins no more memory than it needs.
    const bytes = this.#share.copyOf(first.subarray(0, length));
    this.#kept.push({ offset: this.#sent, bytes });
    this.#sent += length;
    this.#waiting -= length;
    this.#note();
    if (length === first.length) this.#unsent.shift();
    else this.#unsent[0] = first.subarray(length);
    return bytes;
  }
}
