// When an offer may go: as soon as it has the candidates that matter. Browsers say "complete" late, in Chromium
// 0.1 s after the last candidate, since they also try ways that no host takes.
import type { StartTimer } from "./start_timer.ts";

/** Time for the answer of a STUN or TURN server after the first candidate, in milliseconds. */
const SERVER_MS = 250;

/**
 * Time for the first candidate, in milliseconds. It may never come: where Chromium hides the machine's
 * addresses, and cannot tell the network the names that stand for them.
 */
const FIRST_MS = 1_000;

/** Time in which another candidate may follow, in ms: those of all networks come in a burst. */
const BURST_MS = 5;

/** A candidate that the host can use (RFC 8839 §5.1): UDP, of the only component. */
const USABLE = /^candidate:\S+ 1 udp /i;

/** A candidate that a STUN or TURN server has shown. */
const FROM_SERVER = / typ (?:srflx|relay)\b/;

/** Options of {@linkcode Gathering}. */
export interface GatheringOptions {
  /** Whether a STUN or TURN server is asked. */
  hasServers: boolean;
  startTimer: StartTimer;
}

/** The candidates of an offer. */
export class Gathering {
  /** Resolves when the offer may go. */
  readonly enough: Promise<void>;
  readonly #enough = Promise.withResolvers<void>();
  readonly #options: GatheringOptions;
  readonly #candidates: string[] = [];
  #hasThoseThatMatter: boolean;
  #stopTimer: (() => void) | undefined;

  constructor(options: GatheringOptions) {
    this.#options = options;
    this.#hasThoseThatMatter = !options.hasServers;
    this.enough = this.#enough.promise;
    this.#endIn(FIRST_MS);
  }

  /** The candidates until now, as values of `a=` lines. */
  get candidates(): readonly string[] {
    return this.#candidates;
  }

  /** Takes a candidate, which begins with `candidate:`; an empty one says that no more follow. */
  add(candidate: string): void {
    if (!USABLE.test(candidate)) return;
    this.#candidates.push(candidate);
    const isFirst = this.#candidates.length === 1;
    if (FROM_SERVER.test(candidate)) this.#hasThoseThatMatter = true;
    if (this.#hasThoseThatMatter) this.#endIn(BURST_MS);
    else if (isFirst) this.#endIn(SERVER_MS);
  }

  /** No more candidates follow, or nobody waits for them any more. */
  end(): void {
    this.#stopTimer?.();
    this.#enough.resolve();
  }

  #endIn(ms: number): void {
    this.#stopTimer?.();
    this.#stopTimer = this.#options.startTimer(ms, () => this.end());
  }
}
