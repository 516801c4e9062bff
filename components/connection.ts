// Keeps the page connected: carries out what dialler.ts asks for, and listens to what the browser
// says about the network and the page.
import { backoff, LighthouseError } from "../wire/mod.ts";
import { dial, type DialSettings, type Line } from "./dial.ts";
import {
  type DiallingEffect,
  type DiallingEvent,
  IDLE,
  stepDialling,
  type TunnelState,
} from "./dialler.ts";
import { StateChangeEvent } from "./events.ts";

/** Pauses between attempts, in milliseconds. */
const RETRY = { first: 1000, longest: 30_000 };

/**
 * A connection to the host that comes back when it is lost.
 *
 * @event statechange - see {@linkcode StateChangeEvent}.
 */
export class Connection extends EventTarget {
  #now = IDLE;
  #settings: DialSettings | undefined;
  #line: Line | undefined;
  #ready = Promise.withResolvers<void>();
  #attempt = new AbortController();
  #timer: ReturnType<typeof setTimeout> | undefined;
  #listening: AbortController | undefined;

  /** Where the connection stands. */
  get state(): TunnelState {
    return this.#now.state;
  }

  /** One sentence for people. */
  get reason(): string {
    return this.#now.reason;
  }

  /** Why it is `offline` or `failed`. */
  get error(): LighthouseError | undefined {
    return this.#now.error;
  }

  /** What carries requests while connected. */
  get line(): Line | undefined {
    return this.#line;
  }

  /** Resolves as soon as it is connected. After a loss it is another promise. */
  get ready(): Promise<void> {
    return this.#ready.promise;
  }

  /** Connects, and stays connected until `close`. */
  connect(settings: DialSettings): void {
    this.#settings = settings;
    this.#listen();
    this.#step({ type: "connect" });
  }

  /** Says goodbye to the host and stays unconnected. */
  close(): void {
    this.#listening?.abort();
    this.#listening = undefined;
    this.#step({ type: "close" });
  }

  /** Shows why nothing is attempted at all, such as a setting that is wrong. */
  refuse(error: LighthouseError): void {
    this.close();
    this.#step({ type: "refused", error });
  }

  #step(event: DiallingEvent): void {
    const before = this.#now;
    const [now, effect] = stepDialling(before, event);
    this.#now = now;
    if (now.state === "connected" && before.state !== "connected") this.#ready.resolve();
    if (now.state !== "connected" && before.state === "connected") {
      this.#ready = Promise.withResolvers();
    }
    this.#perform(effect);
    if (now.state !== before.state || now.reason !== before.reason) {
      this.dispatchEvent(new StateChangeEvent(now.state, before.state, now.reason));
    }
  }

  #perform(effect: DiallingEffect): void {
    if (effect.do === "nothing") return;
    clearTimeout(this.#timer);
    switch (effect.do) {
      case "dial":
        this.#dial(this.#settings!);
        return;
      case "pause": {
        const ms = backoff(effect.failures, RETRY);
        this.#timer = setTimeout(() => this.#step({ type: "retry" }), ms);
        return;
      }
      case "hang-up":
        this.#attempt.abort();
        this.#line?.session.close();
        this.#line = undefined;
        return;
    }
  }

  async #dial(settings: DialSettings): Promise<void> {
    const attempt = this.#attempt = new AbortController();
    let line: Line;
    try {
      line = await dial(settings, {
        signal: attempt.signal,
        onAnswer: () => {
          if (!attempt.signal.aborted) this.#step({ type: "answered" });
        },
      });
    } catch (error) {
      if (attempt.signal.aborted) return;
      this.#step({ type: "failed", error: LighthouseError.from(error, "connection-failed") });
      return;
    }
    if (attempt.signal.aborted) return line.session.close();
    this.#line = line;
    const opened = performance.now();
    this.#step({ type: "opened" });
    const reason = await line.session.closed;
    line.peer.close();
    if (this.#line !== line) return;
    this.#line = undefined;
    this.#step({ type: "lost", error: reason, lasted: performance.now() - opened });
  }

  /** What the browser tells: a network that is back, a page that is looked at, a page that goes. */
  #listen(): void {
    if (this.#listening) return;
    this.#listening = new AbortController();
    const { signal } = this.#listening;
    const retry = () => this.#step({ type: "retry" });
    addEventListener("online", retry, { signal });
    document.addEventListener("visibilitychange", () => {
      if (document.visibilityState === "visible") retry();
    }, { signal });
    // The host would notice only after half a minute that the page is gone.
    addEventListener("pagehide", () => this.#step({ type: "close" }), { signal });
    addEventListener("pageshow", ({ persisted }) => {
      if (persisted) this.#step({ type: "connect" });
    }, { signal });
  }
}
