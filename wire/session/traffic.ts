// How many bytes of streams have moved, and whether some do now.

/** Time after a stream's last bytes for which the session counts as busy, in milliseconds. */
const BUSY_MS = 2000;

/**
 * Time for which an open stream's bytes may be on their way, in milliseconds: longer than it takes until
 * silence of a slow carrier is looked into (liveness.ts).
 */
const UNSETTLED_MS = 8000;

/** Counts the bytes of a session's streams. Those that are sent twice count twice. */
export class Traffic {
  sent = 0;
  received = 0;
  readonly #onMove: (wasBusy: boolean) => void;
  /** When bytes moved last. */
  #moved = -Infinity;

  /** @param onMove Called after each move, with whether bytes had moved in the 2 s before it. */
  constructor(onMove: (wasBusy: boolean) => void) {
    this.#onMove = onMove;
  }

  /** Whether bytes have moved in the last 2 s. */
  get isBusy(): boolean {
    return this.#hasMovedIn(BUSY_MS);
  }

  /** Whether bytes have moved in the last 8 s. */
  get isUnsettled(): boolean {
    return this.#hasMovedIn(UNSETTLED_MS);
  }

  /** Counts bytes that have moved. */
  add(direction: "sent" | "received", bytes: number): void {
    const wasBusy = this.isBusy;
    this[direction] += bytes;
    this.#moved = performance.now();
    this.#onMove(wasBusy);
  }

  #hasMovedIn(ms: number): boolean {
    return performance.now() - this.#moved < ms;
  }
}
