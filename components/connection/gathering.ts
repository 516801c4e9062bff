// When an offer may go: as soon as it has the candidates that matter. Browsers say "complete" late, in Chromium
// 0.1 s after the last candidate, since they also try ways that no host takes.
import type { StartTimer } from "./start_timer.ts";

/** Time for the answer of a STUN server after the first candidate, or of a TURN server after STUN's, in ms. */
const SERVER_MS = 250;

/**
 * Time for the first candidate, in milliseconds. It may never come: where Chromium hides the machine's
 * addresses, and cannot tell the network the names that stand for them.
 */
const FIRST_MS = 1_000;

/**
 * Time for a TURN server where no STUN server answers, in ms: it may be reached by TCP and TLS only. Also for
 * either where nobody waits for the connection.
 */
const LONG_MS = 1000;

/**
 * Time in which another candidate may follow, in ms: those of all networks come in a burst, 0.1 to 1 ms apart in
 * Chromium and at once in Firefox. The host learns a late one from the page's checks.
 */
const BURST_MS = 2;

/** A candidate that the host can use (RFC 8839 §5.1): UDP, of the only component. */
const USABLE = /^candidate:\S+ 1 udp /i;

/** A candidate that a STUN or TURN server has shown, and one of a TURN server. */
const FROM_SERVER = / typ (?:srflx|relay)\b/;
const RELAYED = / typ relay\b/;

/** Options of {@linkcode Gathering}. */
export interface GatheringOptions {
  /** Which servers are asked. With TURN, its candidate matters: STUN's may lead nowhere. */
  servers: "none" | "STUN" | "TURN";
  /** Whether nobody waits for the connection. @default false */
  isPatient?: boolean;
  startTimer: StartTimer;
}

/** The candidates of an offer. */
export class Gathering {
  /** Resolves when the offer may go. */
  readonly enough: Promise<void>;
  readonly #enough = Promise.withResolvers<void>();
  readonly #options: GatheringOptions;
  readonly #candidates: string[] = [];
  readonly #matters: RegExp;
  #hasThoseThatMatter: boolean;
  #stopTimer: (() => void) | undefined;

  constructor(options: GatheringOptions) {
    this.#options = options;
    this.#hasThoseThatMatter = options.servers === "none";
    this.#matters = options.servers === "TURN" ? RELAYED : FROM_SERVER;
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
    const isFirst = this.#candidates.push(candidate) === 1;
    if (this.#matters.test(candidate)) this.#hasThoseThatMatter = true;
    if (this.#hasThoseThatMatter) this.#endIn(BURST_MS);
    else if (FROM_SERVER.test(candidate)) this.#endIn(SERVER_MS);
    else if (isFirst) {
      const { servers, isPatient } = this.#options;
      this.#endIn(isPatient || servers === "TURN" ? LONG_MS : SERVER_MS);
    }
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
