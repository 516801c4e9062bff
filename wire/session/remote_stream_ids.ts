// The numbers of the streams that the other end has opened. They may arrive in any order, and again.
import { LighthouseError } from "../error.ts";

/** Most numbers that are missing below the highest one. */
export const MAX_MISSING = 4096;

/** Each number counts once, for as long as the session lives: a request is never executed twice. */
export class RemoteStreamIds {
  #next: number;
  readonly #missing = new Set<number>();

  /** @param first The lowest number; then every second number. */
  constructor(first: number) {
    this.#next = first;
  }

  /**
   * Notes a number.
   *
   * @returns False when it was noted before.
   * @throws {LighthouseError} `bad-frame` when it belongs to this end's streams, or is too far ahead.
   */
  add(id: number): boolean {
    if (this.#missing.delete(id)) return true;
    if (id < this.#next) return false;
    const isOurs = (id - this.#next) % 2 !== 0;
    if (isOurs || (id - this.#next) / 2 + this.#missing.size > MAX_MISSING) {
      throw new LighthouseError("bad-frame", `Cannot open stream ${id}: ${this.#next} is next`);
    }
    for (; this.#next < id; this.#next += 2) this.#missing.add(this.#next);
    this.#next += 2;
    return true;
  }

  /**
   * Gives up waiting for the numbers whose streams have ended, by a HELLO.
   *
   * @param next The lowest number that the other end has not used.
   * @param listed The open streams below it.
   */
  settle(next: number, listed: ReadonlyMap<number, unknown>): void {
    for (const id of this.#missing) {
      if (id < next && !listed.has(id)) this.#missing.delete(id);
    }
    for (const id of listed.keys()) {
      const isTheirs = (id - this.#next) % 2 === 0;
      if (isTheirs && id >= this.#next && id < next) this.#missing.add(id);
    }
    this.#next = Math.max(this.#next, next);
  }
}
