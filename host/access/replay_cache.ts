// Remembers offers, so that each counts once.

/** Remembers keys for a time. Callers must bound how many they add: no key is forgotten early. */
export class ReplayCache {
  /** When each key is forgotten, the earliest first. */
  readonly #until = new Map<string, number>();
  readonly #life: number;

  /** @param life Time for which a key is remembered, in milliseconds. */
  constructor(life: number) {
    this.#life = life;
  }

  /** Number of remembered keys. */
  get size(): number {
    return this.#until.size;
  }

  /** Whether a key is remembered. @param now As for `add`. */
  has(key: string, now: number): boolean {
    for (const [old, until] of this.#until) {
      if (until > now) break;
      this.#until.delete(old);
    }
    return this.#until.has(key);
  }

  /**
   * Remembers a key.
   *
   * @param now Monotonic clock, in milliseconds.
   * @returns Whether the key was new.
   */
  add(key: string, now: number): boolean {
    if (this.has(key, now)) return false;
    this.#until.set(key, now + this.#life);
    return true;
  }
}
