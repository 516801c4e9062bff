// The bytes that a session's streams keep until the other end has them: each stream may keep its first
// credit, and further bytes come from a share of all streams. So an end that gives credit and never says
// what it has received cannot fill this end's memory, and streams that it does not read, however many,
// leave every other stream its first credit.
import { SHARED_BYTES } from "../limits.ts";
import { MAX_MESSAGE } from "./frame.ts";
import { INITIAL_LIMITS } from "./hello.ts";
import { type MemoryBudget, takeSpare } from "./memory_budget.ts";

/** Bytes of a reusable buffer: a message's part of a stream fits in. */
const BUFFER = MAX_MESSAGE;

/** Most buffers that wait for reuse. */
const SPARE = 64;

/** The budget of one session, and its reusable memory. */
export class RetransmitBudget {
  #left = SHARED_BYTES;
  /** Unused buffers: browsers take longer to make one than to fill it. */
  readonly #spare: Uint8Array[] = [];
  readonly #onFree: () => void;
  readonly #memory: MemoryBudget;

  /**
   * @param onFree Called when the share, which was used up, has bytes again.
   * @param memory Counts the bytes that are kept.
   */
  constructor(onFree: () => void, memory: MemoryBudget) {
    this.#onFree = onFree;
    this.#memory = memory;
  }

  /** Bytes that a stream may send now. @param kept Bytes that it keeps already. */
  roomBeside(kept: number): number {
    return Math.max(0, INITIAL_LIMITS.credit - kept) + this.#left;
  }

  /** Memory for bytes that are to be kept. */
  room(length: number): Uint8Array {
    if (length < BUFFER / 2 || length > BUFFER) return new Uint8Array(length);
    const buffer = this.#spare.pop() ?? new Uint8Array(BUFFER);
    return buffer.subarray(0, length);
  }

  /** Takes back a copy that nobody uses any more. */
  recycle({ buffer }: Uint8Array): void {
    if (buffer.byteLength !== BUFFER || this.#spare.length === SPARE) return;
    this.#spare.push(new Uint8Array(buffer));
  }

  /** Takes memory for bytes to keep. @param canWait Whether the stream can do without for now. */
  take(bytes: number, canWait: boolean): boolean {
    return canWait ? takeSpare(this.#memory, bytes) : this.#memory.take(bytes);
  }

  /** Notes the bytes that a stream keeps, and those that it kept before. */
  note(kept: number, before: number): void {
    if (kept < before) this.#memory.give(before - kept);
    const wasEmpty = this.#left === 0;
    this.#left += beyond(before) - beyond(kept);
    if (wasEmpty && this.#left > 0) this.#onFree();
  }
}

function beyond(kept: number): number {
  return Math.max(0, kept - INITIAL_LIMITS.credit);
}
