// When a page lets the way through the relay go: when nobody has used it for a while. There, each message
// costs the host's owner money, also those that only keep a connection. The next request dials again.
import { isOffer, type Stream } from "../../wire/mod.ts";
import type { StartTimer } from "./start_timer.ts";

/**
 * Time without a stream, in milliseconds. To come back costs as much as to stay for some minutes
 * (docs/decisions.md, "A page that nobody uses lets the relay go").
 */
const REST_MS = 180_000;

/** Options of {@linkcode Rest}. */
export interface RestOptions {
  /** Called when there was no stream for 3 minutes. */
  onUnused: () => void;
  startTimer: StartTimer;
}

/** Watches the streams of a session, from `start` to `stop`. */
export class Rest {
  readonly #options: RestOptions;
  #isOn = false;
  #open = 0;
  #stopTimer = () => {};

  constructor(options: RestOptions) {
    this.#options = options;
  }

  /** The relay carries the session. May be called again. */
  start(): void {
    if (this.#isOn) return;
    this.#isOn = true;
    this.#plan();
  }

  /** Something else does, or nothing. */
  stop(): void {
    this.#isOn = false;
    this.#stopTimer();
  }

  /** Takes note of a stream that the page opens. Attempts at a better way count as no use. */
  note(stream: Pick<Stream, "closed">, head: Uint8Array): void {
    if (isOffer(head)) return;
    this.#open++;
    this.#stopTimer();
    void stream.closed.then(() => {
      this.#open--;
      this.#plan();
    });
  }

  #plan(): void {
    this.#stopTimer();
    if (!this.#isOn || this.#open > 0) return;
    this.#stopTimer = this.#options.startTimer(REST_MS, this.#options.onUnused);
  }
}
