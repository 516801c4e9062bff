// What a session's streams keep of what they sent, until the other end has it: each may keep its first
// credit, and what they keep beyond that comes from a share of all. So an end that gives credit and
// never says what it has received cannot fill this one's memory, and streams that it does not read,
// however many, leave every other stream its own first credit.
import { SHARED_BYTES } from "../limits.ts";
import { MAX_MESSAGE } from "./frame.ts";
import { INITIAL_LIMITS } from "./hello.ts";

/** Bytes of a buffer that is used again: a message's part of a stream fits in. */
const BUFFER = MAX_MESSAGE;

/** Most buffers that wait to be used again. */
const SPARE = 64;

/** The share of one session, and the memory that it is made of. */
export class RetransmitBudget {
  #left = SHARED_BYTES;
  /** Buffers that nothing needs: browsers take longer to make one than to fill it. */
  readonly #spare: Uint8Array[] = [];
  readonly #onFree: () => void;

  /** @param onFree Called when there is some again, after there was none. */
  constructor(onFree: () => void) {
    this.#onFree = onFree;
  }

  /** Bytes that a stream may send now, of which it keeps so many. */
  roomBeside(kept: number): number {
    return Math.max(0, INITIAL_LIMITS.credit - kept) + this.#left;
  }

  /** A copy of bytes, to be kept. */
  copyOf(bytes: Uint8Array): Uint8Array {
    if (bytes.length < BUFFER / 2 || bytes.length > BUFFER) return bytes.slice();
    const buffer = this.#spare.pop() ?? new Uint8Array(BUFFER);
    buffer.set(bytes);
    return buffer.subarray(0, bytes.length);
  }

  /** Takes back a copy that nothing refers to any more. */
  recycle({ buffer }: Uint8Array): void {
    if (buffer.byteLength !== BUFFER || this.#spare.length === SPARE) return;
    this.#spare.push(new Uint8Array(buffer));
  }

  /** Notes how many bytes a stream keeps, and how many it kept before. */
  note(kept: number, before: number): void {
    const wasEmpty = this.#left === 0;
    this.#left += beyond(before) - beyond(kept);
    if (wasEmpty && this.#left > 0) this.#onFree();
  }
}

function beyond(kept: number): number {
  return Math.max(0, kept - INITIAL_LIMITS.credit);
}
