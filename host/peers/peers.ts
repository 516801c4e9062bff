// Who may have a connection, and how many: bounds on what pages can make this host do.
import { type IceConfig, LighthouseError, type Session, type Signal } from "../../wire/mod.ts";
import type { Gate } from "../access/gate.ts";
import type { Principal } from "../access/principal.ts";
import { TokenBucket } from "../access/token_bucket.ts";
import type { Log } from "../platform/log.ts";
import type { ServiceHandler } from "../proxy/service.ts";
import type { Sockets } from "../proxy/websocket.ts";
import { answerOffer, type Peer } from "./peer.ts";
import { parseOffer } from "./sdp.ts";
import { type Claim, Sessions } from "./sessions.ts";

/** Most connections at once, and most of them that have not opened yet. */
export const MAX_PEERS = 64;
export const MAX_HALF_OPEN = 16;

/** Most connections of one session, and of all when one more is taken besides a session's first. */
export const MAX_LANES = 8;
const MAX_PEERS_FOR_LANES = 32;

/** Most of both that one device has, and that all who are not paired have together. */
export const MAX_OF_DEVICE = 32;
export const MAX_HALF_OPEN_OF_DEVICE = 8;

/** Offers inside of sessions: this many at once, then this many a second. */
const LANE_OFFERS = [40, 20] as const;

/** Options of {@linkcode Peers}. */
export interface PeersOptions {
  /** Decides who comes in. */
  gate: Pick<Gate, "admit">;
  handler: ServiceHandler;
  /** Takes over the streams on which pages open WebSockets. Without it, the handler answers. */
  onWebSocket?: Sockets["serve"];
  /** `ice`: the ICE servers of connections from now on. */
  settings: () => { readonly ice: IceConfig };
  /** Called when somebody connects, and when a connection is gone. */
  onSeen?: (principal: Principal) => void;
  log: Log;
  /** Time from the offer to the open channel, in milliseconds. @default 20_000 */
  openTimeout?: number;
}

/** What is known of a connection. */
interface PeerState {
  isOpen: boolean;
  claim: Claim;
}

/** All pages' connections. */
export class Peers {
  readonly #options: PeersOptions;
  readonly #sessions: Sessions;
  readonly #all = new Map<Peer, PeerState>();
  readonly #laneOffers = new TokenBucket(...LANE_OFFERS);
  #closing = false;

  constructor(options: PeersOptions) {
    this.#options = options;
    this.#sessions = new Sessions({ ...options, onOffer: (...args) => this.#answerLane(...args) });
  }

  /** Connections, open ones and others. */
  get count(): number {
    return this.#all.size;
  }

  /** Pages that are connected now. */
  get connected(): number {
    return this.#sessions.connected;
  }

  /** Requests and WebSockets that are under way. */
  get streams(): number {
    return this.#sessions.streams;
  }

  /** Who is connected now. */
  get principals(): Principal[] {
    return this.#sessions.principals;
  }

  /**
   * Answers what a page has sent through the relay. Resolves with the signal for the page, or
   * undefined where there is nothing to answer, where too much arrives for all of it to be answered,
   * and once this end closes.
   *
   * @param data Anything: it is checked here.
   */
  async answer(data: unknown): Promise<Signal | undefined> {
    if (this.#closing) return undefined;
    const admitted = await this.#options.gate.admit(data);
    if (!admitted || "type" in admitted) return admitted;
    const { principal, sdp } = admitted;
    try {
      const claim: Claim = { principal };
      const { signal, proof } = await admitted.answer(await this.#accept(sdp, claim));
      claim.proof = proof;
      return signal;
    } catch (error) {
      return await admitted.refuse(LighthouseError.from(error, "bad-offer"));
    }
  }

  /** Ends all connections of somebody who is no longer welcome, at once. */
  evict(id: string, reason: LighthouseError): void {
    this.#sessions.evict(id, reason);
    for (const [peer, { isOpen, claim }] of this.#all) {
      if (claim.principal.id === id && !isOpen) peer.close();
    }
  }

  /** Says goodbye to all pages and closes their connections. */
  async close(): Promise<void> {
    this.#closing = true;
    const opened = [...this.#all].filter(([, { isOpen }]) => isOpen).map(([peer]) => peer);
    for (const [peer, { isOpen }] of this.#all) if (!isOpen) peer.close();
    await this.#sessions.close();
    await Promise.all(opened.map((peer) => peer.closed));
  }

  /** Answers what a page has sent through its session. */
  #answerLane(sdp: string, session: Session, principal: Principal): Promise<string> {
    if (this.#closing || !this.#laneOffers.take()) {
      throw new LighthouseError("host-busy", "The host takes no further connection now");
    }
    return this.#accept(sdp, { principal, joins: session });
  }

  #accept(sdp: string, claim: Claim): Promise<string> {
    const description = parseOffer(sdp);
    this.#checkRoom(claim);
    const peer = answerOffer(description, this.#options.settings());
    this.#keep(peer, claim);
    return peer.answer;
  }

  #checkRoom({ principal, joins }: Claim): void {
    const all = [...this.#all.values()];
    const isHalfOpen = ({ isOpen }: PeerState) => !isOpen;
    const halfOpen = all.filter(isHalfOpen).length;
    const own = all.filter(({ claim }) =>
      principal.name === undefined
        ? claim.principal.name === undefined
        : claim.principal.id === principal.id
    );
    // Pages without a connection go before those that want another.
    const most = joins ? MAX_PEERS_FOR_LANES : MAX_PEERS;
    const lanes = all.filter(({ claim }) => joins && claim.joins === joins).length;
    const isTooMuch = own.length >= MAX_OF_DEVICE ||
      own.filter(isHalfOpen).length >= MAX_HALF_OPEN_OF_DEVICE;
    if (isTooMuch || all.length >= most || halfOpen >= MAX_HALF_OPEN || lanes >= MAX_LANES - 1) {
      throw new LighthouseError(
        "host-busy",
        `The host has ${this.#all.size} connections, which is all it takes${
          isTooMuch ? " of one device" : ""
        }. Try again later`,
      );
    }
  }

  /** Keeps the books on a peer until its end. */
  async #keep(peer: Peer, claim: Claim): Promise<void> {
    const state: PeerState = { isOpen: false, claim };
    this.#all.set(peer, state);
    peer.closed.then(() => this.#all.delete(peer));
    const { openTimeout = 20_000, log } = this.#options;
    const timer = setTimeout(() => peer.close(), openTimeout);
    try {
      const channel = await peer.channel;
      clearTimeout(timer);
      state.isOpen = true;
      const path = peer.path ?? { local: "?", remote: "?" };
      await this.#sessions.take(channel, path, claim);
    } catch (error) {
      // Not closed here: who refuses a page says so first, and closes then.
      clearTimeout(timer);
      const { code, message } = LighthouseError.from(error, "connection-lost");
      log("warn", "page-refused", `a page's connection came to nothing: ${message}`, { code });
    }
  }
}
