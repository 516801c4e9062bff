// What has been offered already: each offer counts once.

/** Remembers keys for a time. Who adds them must be bounded: nothing is forgotten early. */
export class ReplayCache {
  /** When each is forgotten; the first is the first. */
  readonly #until = new Map<string, number>();
  readonly #life: number;

  /** @param life How long a key counts, in milliseconds. */
  constructor(life: number) {
    this.#life = life;
  }

  /** Keys that are remembered now. */
  get size(): number {
    return this.#until.size;
  }

  /**
   * Remembers a key.
   *
   * @param now A clock that is never set, in milliseconds.
   * @returns Whether it was new.
   */
  add(key: string, now: number): boolean {
    for (const [old, until] of this.#until) {
      if (until > now) break;
      this.#until.delete(old);
    }
    if (this.#until.has(key)) return false;
    this.#until.set(key, now + this.#life);
    return true;
  }
}
