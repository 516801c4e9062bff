// The pages' connections, and the limits on them.
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

/** Most connections, and most of them that are still opening. */
export const MAX_PEERS = 64;
export const MAX_HALF_OPEN = 16;

/** Most connections of one session; and most of all up to which a session gets further ones. */
export const MAX_LANES = 8;
const MAX_PEERS_FOR_LANES = 32;

/** The same limits for one device, and for all strangers together. */
export const MAX_OF_DEVICE = 32;
export const MAX_HALF_OPEN_OF_DEVICE = 8;

/** Limit on offers inside sessions: a burst, then a number a second. */
const LANE_OFFERS = [40, 20] as const;

/** Options of {@linkcode Peers}. */
export interface PeersOptions {
  /** Decides which offers are admitted. */
  gate: Pick<Gate, "admit">;
  handler: ServiceHandler;
  /** Serves the streams on which pages open WebSockets. Without it, the handler answers. */
  onWebSocket?: Sockets["serve"];
  /** `ice`: the ICE servers of connections from now on. */
  settings: () => { readonly ice: IceConfig };
  /** Called when a principal connects, and when a connection ends. */
  onSeen?: (principal: Principal) => void;
  log: Log;
  /** Time from the offer to the open channel, in milliseconds. @default 20_000 */
  openTimeout?: number;
}

/** A connection and its state. */
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

  /** Number of connections, also of those that are opening. */
  get count(): number {
    return this.#all.size;
  }

  /** Number of connected pages. */
  get connected(): number {
    return this.#sessions.connected;
  }

  /** Number of requests and WebSockets under way. */
  get streams(): number {
    return this.#sessions.streams;
  }

  /** The connected principals. */
  get principals(): Principal[] {
    return this.#sessions.principals;
  }

  /**
   * Answers a page's signal from the relay. Resolves with the signal for the page, or with undefined if
   * there is nothing to answer, if too many signals arrive, or after `close`.
   *
   * @param data Any value: it is checked here.
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

  /** Ends all connections of a principal at once. */
  evict(id: string, reason: LighthouseError): void {
    this.#sessions.evict(id, reason);
    for (const [peer, { isOpen, claim }] of this.#all) {
      if (claim.principal.id === id && !isOpen) peer.close();
    }
  }

  /** Closes all sessions and connections. */
  async close(): Promise<void> {
    this.#closing = true;
    const opened = [...this.#all].filter(([, { isOpen }]) => isOpen).map(([peer]) => peer);
    for (const [peer, { isOpen }] of this.#all) if (!isOpen) peer.close();
    await this.#sessions.close();
    await Promise.all(opened.map((peer) => peer.closed));
  }

  /** Answers an offer from a page's session. */
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
    // Pages without a connection take precedence over further connections.
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

  /** Counts a peer until its end. */
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
      // Do not close it here: the refusal is sent first, and then the peer closes.
      clearTimeout(timer);
      const { code, message } = LighthouseError.from(error, "connection-lost");
      log("warn", "page-refused", `a page's connection came to nothing: ${message}`, { code });
    }
  }
}
