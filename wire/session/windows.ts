// The session's credit: how much of it each stream may have. Every stream begins with the same small
// window; one whose reader keeps up gets more, from a share that all of the session's streams have in
// common. So what waits unread is bounded for the session as a whole, and readers that stall, however
// many, leave every other stream its own window.
import { MAX_WINDOW, SHARED_BYTES } from "../limits.ts";
import { INITIAL_LIMITS } from "./hello.ts";
import type { Stream } from "./stream.ts";

/** A window that is read within so many round trips holds its writer up. */
const ROUND_TRIPS = 2;

/** The windows of a session's streams. */
export class Windows {
  /** When each stream was given credit last. */
  readonly #given = new WeakMap<Stream, number>();
  #shared = SHARED_BYTES;

  /**
   * The window that a stream is to have, now that credit is given to it again.
   *
   * @param roundTripTime In milliseconds, undefined where it is not known yet.
   */
  widen(stream: Stream, roundTripTime = 0): number {
    const now = performance.now();
    const elapsed = now - (this.#given.get(stream) ?? -Infinity);
    this.#given.set(stream, now);
    const window = Math.min(stream.window * 2, MAX_WINDOW);
    const more = window - stream.window;
    if (elapsed > ROUND_TRIPS * roundTripTime || more > this.#shared) return stream.window;
    this.#shared -= more;
    return window;
  }

  /** Takes back what a stream had beyond its first window. */
  release(stream: Stream): void {
    this.#shared += stream.window - INITIAL_LIMITS.credit;
  }
}
