// While the relay carries the session: tries for a direct connection again and again.
import { backoff } from "../../wire/mod.ts";
import type { StartTimer } from "./start_timer.ts";

/** Pauses between attempts, in milliseconds. An attempt is some four messages through the relay. */
const PAUSE = { first: 5_000, longest: 300_000 };

/** Options of {@linkcode Upgrade}. */
export interface UpgradeOptions {
  /** Connects directly, and moves the session over. */
  dial: (signal: AbortSignal) => Promise<void>;
  startTimer: StartTimer;
}

/** Attempts at a better way, from `start` to `stop` or to the first that succeeds. */
export class Upgrade {
  readonly #options: UpgradeOptions;
  #failures = 0;
  #stopTimer = () => {};
  /** Of the attempts since `start`; undefined while there is nothing to better. */
  #end: AbortController | undefined;
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
    this.#failures = 0;
    attempt.catch(() => {
      // Unless the network has changed meanwhile, and attempts have begun.
      if (!signal.aborted && this.#failures === 0 && !this.#dialling) this.#pause();
    });
  }

  /** The network may be another one: tries at once, and after short pauses again. */
  hurry(): void {
    if (!this.#end || this.#dialling === this.#end.signal) return;
    this.#failures = 0;
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
    const ms = backoff(++this.#failures, PAUSE);
    this.#stopTimer = this.#options.startTimer(ms, () => void this.#try(signal));
  }

  async #try(signal: AbortSignal): Promise<void> {
    this.#dialling = signal;
    const failure = await this.#options.dial(signal).then(() => undefined, (error) => error);
    if (signal.aborted) return;
    this.#dialling = undefined;
    if (!failure) return this.stop();
    console.info("lighthouse-tunnel stays with the relay:", failure.message);
    this.#pause();
  }
}
