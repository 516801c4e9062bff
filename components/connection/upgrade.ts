// While the relay carries the session: tries for a direct connection again and again.
import { backoff } from "../../wire/mod.ts";
import type { StartTimer } from "./start_timer.ts";

/** Pauses between attempts, in milliseconds. An attempt is some four messages through the relay. */
const PAUSE = { first: 5_000, longest: 300_000 };

/** Attempts after which the pauses are the longest. Then one follows only if the session is used. */
const MANY = 7;

/** Options of {@linkcode Upgrade}. */
export interface UpgradeOptions {
  /** Connects directly, and moves the session over. */
  dial: (signal: AbortSignal) => Promise<void>;
  /** Bytes that the session's streams have moved. */
  bytes: () => number;
  startTimer: StartTimer;
}

/** Attempts at a better way, from `start` to `stop` or to the first that succeeds. */
export class Upgrade {
  readonly #options: UpgradeOptions;
  /** Failures in this network: they count on where the session has rested meanwhile. */
  #failures = 0;
  #stopTimer = () => {};
  /** Of the attempts since `start`; undefined while there is nothing to better. */
  #end: AbortController | undefined;
  /** Whether an attempt was made since `start`. */
  #hasTried = false;
  /** Of the attempt that is under way. */
  #dialling: AbortSignal | undefined;

  constructor(options: UpgradeOptions) {
    this.#options = options;
  }

  /**
   * The session goes through the relay.
   *
   * @param attempt A direct connection that is opening already. When it has failed, others follow.
   */
  start(attempt: Promise<unknown>): void {
    this.stop();
    const { signal } = this.#end = new AbortController();
    this.#hasTried = false;
    attempt.catch(() => {
      // Unless somebody has hurried meanwhile, and attempts have begun.
      if (!signal.aborted && !this.#hasTried) this.#pause();
    });
  }

  /** The network may be another one: pauses begin short again. */
  forget(): void {
    this.#failures = 0;
  }

  /** Tries at once. */
  hurry(): void {
    if (!this.#end || this.#dialling === this.#end.signal) return;
    this.#stopTimer();
    void this.#try(this.#end.signal);
  }

  /** Tries no more. */
  stop(): void {
    this.#stopTimer();
    this.#end?.abort();
    this.#end = undefined;
  }

  #pause(): void {
    const { signal } = this.#end!;
    const bytes = this.#options.bytes();
    const ms = backoff(++this.#failures, PAUSE);
    this.#stopTimer = this.#options.startTimer(ms, () => {
      if (this.#failures >= MANY && this.#options.bytes() === bytes) this.#pause();
      else void this.#try(signal);
    });
  }

  async #try(signal: AbortSignal): Promise<void> {
    this.#dialling = signal;
    this.#hasTried = true;
    const failure = await this.#options.dial(signal).then(() => undefined, (error) => error);
    if (signal.aborted) return;
    this.#dialling = undefined;
    if (!failure) {
      this.forget();
      return this.stop();
    }
    console.info("lighthouse-tunnel stays with the relay:", failure.message);
    this.#pause();
  }
}
