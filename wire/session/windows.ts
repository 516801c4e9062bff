// The windows of a session's streams. Every stream begins with the same small window; a stream whose
// reader keeps up gets a larger one, from a share of all streams. So the unread bytes of a session are
// bounded, and readers that stall, however many, leave every other stream its first window.
import { MAX_STREAM_WINDOW, SHARED_BYTES } from "../limits.ts";
import { INITIAL_LIMITS } from "./hello.ts";
import { type MemoryBudget, takeSpare } from "./memory_budget.ts";
import type { Stream } from "./stream.ts";

/**
 * A window whose reading takes at most this many round trips may hold its writer up: at first, its transport
 * takes several for a window, and grows only while it has more to send.
 */
const ROUND_TRIPS = 8;

/** The windows of a session's streams. */
export class Windows {
  /** When each stream gave credit last. */
  readonly #given = new WeakMap<Stream, number>();
  readonly #memory: MemoryBudget;
  #shared = SHARED_BYTES;

  /** @param memory Counts what the windows allow beyond the first of each stream. */
  constructor(memory: MemoryBudget) {
    this.#memory = memory;
  }

  /**
   * The window for a stream that gives credit now.
   *
   * @param roundTripTime In milliseconds; undefined if it is not known yet.
   */
  widen(stream: Stream, roundTripTime = 0): number {
    const now = performance.now();
    const elapsed = now - (this.#given.get(stream) ?? -Infinity);
    this.#given.set(stream, now);
    const window = Math.min(stream.window * 2, MAX_STREAM_WINDOW);
    const more = window - stream.window;
    if (elapsed > ROUND_TRIPS * roundTripTime || more > this.#shared) return stream.window;
    if (more > 0 && !takeSpare(this.#memory, more)) return stream.window;
    this.#shared -= more;
    return window;
  }

  /** Returns the part beyond a stream's first window to the share. */
  release(stream: Stream): void {
    const more = stream.window - INITIAL_LIMITS.credit;
    if (more <= 0) return;
    this.#shared += more;
    this.#memory.give(more);
  }
}
