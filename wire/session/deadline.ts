// The time for which a session waits for a carrier.

/** Calls back once its time is over, unless it is stopped before. */
export class Deadline {
  readonly #ms: number;
  readonly #onOver: () => void;
  #timer: ReturnType<typeof setTimeout> | undefined;

  /** @param ms The time, in milliseconds. */
  constructor(ms: number, onOver: () => void) {
    this.#ms = ms;
    this.#onOver = onOver;
  }

  /** Begins the time, from the start. */
  restart(): void {
    this.stop();
    this.#timer = setTimeout(() => {
      this.#timer = undefined;
      this.#onOver();
    }, this.#ms);
  }

  /** Begins the time, unless it has begun. */
  start(): void {
    if (this.#timer === undefined) this.restart();
  }

  stop(): void {
    clearTimeout(this.#timer);
    this.#timer = undefined;
  }
}
