// Who may have a connection, and how many: bounds on what pages can make this host do.
import {
  type Channel,
  type HttpHandler,
  LighthouseError,
  parseSignal,
  serveRequest,
  Session,
  type Signal,
} from "../wire/mod.ts";
import type { Log } from "./log.ts";
import { answerOffer, type Peer } from "./peer.ts";
import { parseOffer } from "./sdp.ts";

/** Most connections at once, and most of them that have not opened yet. */
export const MAX_PEERS = 64;
export const MAX_HALF_OPEN = 16;

/** Signals of pages: this many at once, then this many a second. What exceeds it gets no answer. */
const SIGNAL_BURST = 40;
const SIGNALS_PER_SECOND = 20;

/**
 * Time between PINGs to a page, in milliseconds: longer than the page's own, so that a page whose
 * script is busy for some seconds keeps its connection.
 */
const PING_MS = 10_000;

/** Options of {@linkcode Peers}. */
export interface PeersOptions {
  handler: HttpHandler;
  /** STUN servers, `stun:host:port` each. */
  stun: string[];
  log: Log;
  /** Time from the offer to the open channel, in milliseconds. @default 20_000 */
  openTimeout?: number;
}

/** All pages' connections. */
export class Peers {
  readonly #options: PeersOptions;
  readonly #sessions = new Map<Peer, Session | undefined>();
  #turnsLeft = SIGNAL_BURST;
  #refilled = performance.now();
  #closing = false;

  constructor(options: PeersOptions) {
    this.#options = options;
  }

  /** Pages with an open channel. */
  get connected(): number {
    return [...this.#sessions.values()].filter(Boolean).length;
  }

  /**
   * Answers what a page has sent through the relay. Resolves with the signal for the page, or
   * undefined where there is nothing to answer, where too much arrives for all of it to be answered,
   * and once this end closes.
   *
   * @param data Anything: it is checked here.
   */
  async answer(data: unknown): Promise<Signal | undefined> {
    if (this.#closing || !this.#takeTurn()) return undefined;
    try {
      const signal = parseSignal(data);
      // A probe is another host's, which does not know yet that it is not registered.
      if (signal.type !== "offer") return undefined;
      const description = parseOffer(signal.sdp);
      this.#checkRoom();
      const peer = answerOffer(description, { stun: this.#options.stun });
      this.#keep(peer);
      return { type: "answer", sdp: await peer.answer };
    } catch (error) {
      const { code, message } = LighthouseError.from(error, "bad-message");
      this.#options.log("warn", "signal-refused", `refused what a page sent: ${message}`, { code });
      return { type: "refused", code, message };
    }
  }

  /** Says goodbye to all pages and closes their connections. */
  async close(): Promise<void> {
    this.#closing = true;
    const all = [...this.#sessions];
    for (const [peer, session] of all) {
      if (session) session.close();
      else peer.close();
    }
    await Promise.all(all.map(([peer]) => peer.closed));
  }

  #takeTurn(): boolean {
    const now = performance.now();
    const refill = (now - this.#refilled) / 1000 * SIGNALS_PER_SECOND;
    this.#turnsLeft = Math.min(SIGNAL_BURST, this.#turnsLeft + refill);
    this.#refilled = now;
    if (this.#turnsLeft < 1) return false;
    this.#turnsLeft--;
    return true;
  }

  #checkRoom(): void {
    const halfOpen = this.#sessions.size - this.connected;
    if (this.#sessions.size >= MAX_PEERS || halfOpen >= MAX_HALF_OPEN) {
      throw new LighthouseError(
        "host-busy",
        `The host has ${this.#sessions.size} connections, which is all it takes. Try again later`,
      );
    }
  }

  /** Keeps the books on a peer until its end. */
  async #keep(peer: Peer): Promise<void> {
    this.#sessions.set(peer, undefined);
    peer.closed.then(() => this.#sessions.delete(peer));
    const { openTimeout = 20_000 } = this.#options;
    const timer = setTimeout(() => peer.close(), openTimeout);
    const channel = await peer.channel.catch(() => undefined);
    clearTimeout(timer);
    if (channel) await this.#serve(peer, channel);
  }

  async #serve(peer: Peer, channel: Channel): Promise<void> {
    const { handler, log } = this.#options;
    const session = new Session(channel, {
      onStream: (stream) => serveRequest(stream, handler),
      pingInterval: PING_MS,
    });
    this.#sessions.set(peer, session);
    const path = peer.path ?? { local: "?", remote: "?" };
    const way = `${path.local} ↔ ${path.remote}`;
    log("info", "page-connected", `page connected (${way}), ${this.connected} open`, {
      path,
      pages: this.connected,
    });
    const { code, message } = await session.closed;
    await peer.closed;
    log("info", "page-left", `page left (${message}), ${this.connected} open`, {
      reason: code,
      pages: this.connected,
    });
  }
}
