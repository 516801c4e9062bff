// What the log tells of a time without the relay: each trouble once, and a line now and then.
import { formatDuration } from "../platform/duration.ts";

/** Time from a line to the next one about the same trouble, in milliseconds. It doubles each time. */
const FIRST_MS = 10 * 60_000;
const LONGEST_MS = 4 * 3_600_000;

/** Most troubles that are told besides. */
const MOST = 20;

/** The time without a relay. Times are in milliseconds since 1970. */
export class Outage {
  readonly #since: number;
  readonly #told = new Set<string>();
  #attempts = 0;
  #next: number;
  #pause = FIRST_MS;

  /** @param now When it began. */
  constructor(now: number) {
    this.#since = now;
    this.#next = now + FIRST_MS;
  }

  /**
   * An attempt failed.
   *
   * @param trouble Why.
   * @param again When the next one is, in words: `again in 2 s`.
   * @returns The line for the log; undefined if there is nothing new.
   */
  failed(trouble: string, again: string, now: number): string | undefined {
    this.#attempts++;
    // A relay cannot make the log grow without end.
    const isNew = !this.#told.has(trouble) && this.#told.size < MOST;
    if (!isNew && now < this.#next) return undefined;
    if (!isNew) this.#pause = Math.min(2 * this.#pause, LONGEST_MS);
    this.#next = now + this.#pause;
    if (isNew) this.#told.add(trouble);
    if (isNew) return `${trouble}; ${again}, and on until it succeeds`;
    const attempts = this.#attempts.toLocaleString("en-US");
    return `offline for ${this.lasted(now)}, after ${attempts} attempts: ${trouble}`;
  }

  /** How long it has lasted, in words. */
  lasted(now: number): string {
    return formatDuration(now - this.#since);
  }
}
