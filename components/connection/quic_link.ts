// Adds a channel over QUIC to a session whose host can be reached so, and replaces it when it is lost. The
// session's other connections stand by meanwhile.
import { Carrier, type QuicWay, type Session } from "../../wire/mod.ts";
import type { OpenedQuic, openQuic } from "./quic_way.ts";
import type { StartTimer } from "./start_timer.ts";

/**
 * Time between attempts to replace a channel, in milliseconds. An attempt's first packets may be lost with the
 * path, and browsers repeat them late, so further attempts begin beside it.
 */
const HURRY_MS = 400;

/** Most attempts in a row: they cost nobody anything, but a path that is gone for so long is another one. */
const MAX_ATTEMPTS = 20;

/** Where the host is reached, and what its answer proves. */
export interface QuicTarget {
  way: QuicWay;
  proof: Uint8Array;
}

/** Options of {@linkcode QuicLink}. */
export interface QuicLinkOptions {
  session: () => Session | undefined;
  /** A channel carries the session. */
  onOpen: (opened: OpenedQuic) => void;
  open: typeof openQuic;
  startTimer: StartTimer;
}

/** The channel over QUIC of one connection, from an answer to the next. */
export class QuicLink {
  readonly #options: QuicLinkOptions;
  #target: QuicTarget | undefined;
  /** Resolves when something carries the session, which the channel can join. */
  #carried = Promise.withResolvers<void>();
  #end = new AbortController();
  #current: OpenedQuic | undefined;
  #stopTimer = () => {};

  constructor(options: QuicLinkOptions) {
    this.#options = options;
  }

  /** Whether a channel carries the session. */
  get isOpen(): boolean {
    return this.#current !== undefined && !this.#current.isOver;
  }

  /** The host has answered: opens a channel, if it offers one. */
  begin(target: QuicTarget | undefined): void {
    this.stop();
    if (!target) return;
    this.#end = new AbortController();
    this.#target = target;
    this.#carried = Promise.withResolvers<void>();
    void this.#attempt(this.#end.signal);
  }

  /** Something carries the session. */
  carried(): void {
    this.#carried.resolve();
  }

  /** The host is not heard: opens another channel beside the one that was open. */
  hurry(): void {
    if (this.#current) this.#replace(MAX_ATTEMPTS);
  }

  /** The host is heard. */
  rest(): void {
    this.#stopTimer();
  }

  /** Opens no more. What is open is the session's. */
  stop(): void {
    this.#stopTimer();
    this.#end.abort();
    this.#target = this.#current = undefined;
  }

  #replace(attempts: number): void {
    this.#stopTimer();
    if (attempts === 0 || !this.#target) return;
    void this.#attempt(this.#end.signal);
    this.#stopTimer = this.#options.startTimer(HURRY_MS, () => this.#replace(attempts - 1));
  }

  async #attempt(signal: AbortSignal): Promise<void> {
    const { open, onOpen } = this.#options;
    const { way, proof } = this.#target!;
    const before = this.#current;
    try {
      const opened = await open(way, signal);
      try {
        await this.#carried.promise;
        const session = this.#options.session();
        signal.throwIfAborted();
        // Another attempt was faster.
        if (!session || this.#current !== before) return opened.close();
        this.#current = opened;
        this.#stopTimer();
        await session.connect(new Carrier(opened.channel), { proof, join: true });
        signal.throwIfAborted();
      } catch (error) {
        opened.close();
        throw error;
      }
      onOpen(opened);
      await opened.closed;
      if (!signal.aborted && this.#current === opened) this.hurry();
    } catch (error) {
      if (signal.aborted) return;
      console.info("lighthouse-tunnel does without QUIC:", (error as Error).message);
    }
  }
}
