// The pages' connections, and the limits on them.
import {
  type Channel,
  type IceConfig,
  LighthouseError,
  quicProofOf,
  type Session,
  type Signal,
} from "../../wire/mod.ts";
import type { Gate } from "../access/gate.ts";
import type { Memory } from "../access/memory.ts";
import type { Principal } from "../access/principal.ts";
import { groupOf } from "../access/shares.ts";
import { TokenBucket } from "../access/token_bucket.ts";
import type { MappedPorts } from "../mapping/mod.ts";
import type { Log } from "../platform/log.ts";
import type { ServiceHandler } from "../proxy/service.ts";
import type { Sockets } from "../proxy/websocket.ts";
import type { QuicServer } from "../quic/quic_server.ts";
import { EarlyStarts } from "./early_starts.ts";
import { answerOffer, type Peer } from "./peer.ts";
import { type Offer, parseOffer } from "./sdp.ts";
import { RelayedChannels, type RelayedOptions } from "./relayed.ts";
import { type Claim, type ConnectedPage, Sessions } from "./sessions.ts";

/** Most connections, and most that are still opening, without those inside sessions. */
export const MAX_PEERS = 64;
export const MAX_HALF_OPEN = 16;

/** Most connections of one session; and most of all up to which a session gets further ones. */
export const MAX_LANES = 8;
const MAX_PEERS_FOR_LANES = 32;

/** Mapped ports that further connections of sessions leave for others. */
const PORTS_BESIDE_LANES = 16;

/** The same limits for one device, and for all strangers together. */
export const MAX_OF_DEVICE = 32;
export const MAX_HALF_OPEN_OF_DEVICE = 8;

/** What a device may have however many others have; also all strangers together. */
const OWN = 2;
const OWN_HALF_OPEN = 1;

/** Limit on offers inside the sessions of a device: a burst, then a number a second. */
const LANE_OFFERS = [40, 20] as const;

/** Options of {@linkcode Peers}. */
export interface PeersOptions {
  /** Decides which offers are admitted. */
  gate: Pick<Gate, "admit">;
  handler: ServiceHandler;
  /** Serves the streams on which pages open WebSockets. Without it, the handler answers. */
  onWebSocket?: Sockets["serve"];
  /**
   * `ice`: the ICE servers of connections from now on. `earlyWait`: most that an answer waits for the
   * backend, in milliseconds.
   */
  settings: () => { readonly ice: IceConfig; readonly earlyWait: number };
  /** Whether the host holds cookies for a stranger. @default it does not */
  hasCookies?: (stranger: Principal) => boolean;
  /** The router's ports for connections from now on. @default none */
  ports?: Pick<MappedPorts, "take">;
  /** How sessions go through the relay. @default they do not */
  relayed?: Pick<RelayedOptions, "settings" | "send" | "budget">;
  /** Lets pages come over QUIC. @default they cannot */
  quic?: Pick<QuicServer<Claim>, "propose" | "forget">;
  /** Called when a principal connects, and when a connection ends. */
  onSeen?: (principal: Principal) => void;
  /** Holds the bytes of pages. @default the sessions' own */
  memory?: Memory;
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
  readonly #early: EarlyStarts;
  /** Sessions through the relay, if there are any. */
  readonly relayed: RelayedChannels | undefined;
  readonly #all = new Map<Peer, PeerState>();
  /** By device, while it has connections; all strangers have one together. */
  readonly #laneOffers = new Map<string, TokenBucket>();
  #closing = false;

  constructor(options: PeersOptions) {
    this.#options = options;
    this.#sessions = new Sessions({
      ...options,
      onOffer: (...args) => this.#answerLane(...args),
      onEnded: (session) => this.#closeOpening(({ joins }) => joins === session),
      resumption: (device) => this.#early.give(device),
    });
    this.#early = new EarlyStarts({
      sessions: this.#sessions,
      wait: () => options.settings().earlyWait,
      hasCookies: options.hasCookies,
      log: options.log,
    });
    const { relayed, memory, log, openTimeout } = options;
    this.relayed = relayed && new RelayedChannels({
      ...relayed,
      memory,
      log,
      openTimeout,
      onOpen: (channel, claim) => this.#take(channel, "relayed", claim),
    });
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

  /** The connected pages. */
  get pages(): ConnectedPage[] {
    return this.#sessions.pages;
  }

  /** Measures the round trip to a device's page, see {@linkcode Sessions.ping}. */
  ping(device: string): ReturnType<Sessions["ping"]> {
    return this.#sessions.ping(device);
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
   * @param from The page's connection at the gateway. Without it, there is no session through the relay.
   */
  async answer(data: unknown, from?: string): Promise<Signal | undefined> {
    if (this.#closing) return undefined;
    const admitted = await this.#options.gate.admit(data);
    if (!admitted || "type" in admitted) return admitted;
    const { principal, sdp, takesRelayed } = admitted;
    try {
      const claim: Claim = { principal };
      const relayed = takesRelayed && from !== undefined
        ? this.relayed?.propose(principal)
        : undefined;
      const isRelayed = relayed !== undefined && !("off" in relayed);
      // A browser without WebRTC describes no connection.
      if (sdp === "" && relayed && "off" in relayed) throw noWay(relayed.off);
      const offer = sdp === "" && isRelayed ? undefined : this.#check(sdp, claim);
      // The backend answers while candidates are gathered. Its answer counts whatever comes of these.
      const early = this.#early.take(admitted);
      const accepted = offer ? this.#open(offer, claim) : "";
      const quicClaim: Claim = { principal };
      const quic = this.#options.quic?.propose(groupOf(principal), quicClaim);
      const { signal, proof, relayedKeys } = await admitted.answer(accepted, {
        early,
        relayed,
        quic,
      });
      claim.proof = proof;
      if (quic) quicClaim.proof = await quicProofOf(proof, quic);
      if (isRelayed && relayedKeys) this.relayed!.prepare(from!, claim, relayedKeys);
      return signal;
    } catch (error) {
      return await admitted.refuse(LighthouseError.from(error, "bad-offer"));
    }
  }

  /** Takes a page's channel over QUIC. */
  async takeQuic(channel: Channel, claim: Claim): Promise<void> {
    if (this.#closing) channel.close();
    else await this.#take(channel, "quic", claim);
  }

  /** Ends all connections of a principal at once. */
  evict(id: string, reason: LighthouseError): void {
    this.#early.forget(id);
    this.#options.quic?.forget(id);
    this.relayed?.evict(id);
    this.#sessions.evict(id, reason);
    this.#closeOpening(({ principal }) => principal.id === id);
  }

  /** Closes all sessions and connections. */
  async close(): Promise<void> {
    this.#closing = true;
    const opened = [...this.#all].filter(([, { isOpen }]) => isOpen).map(([peer]) => peer);
    this.#closeOpening(() => true);
    const relayed = this.relayed?.close();
    await this.#sessions.close();
    await Promise.all([relayed, ...opened.map((peer) => peer.closed)]);
  }

  #closeOpening(matches: (claim: Claim) => boolean): void {
    for (const [peer, { isOpen, claim }] of this.#all) if (!isOpen && matches(claim)) peer.close();
  }

  /** Answers an offer from a page's session. */
  #answerLane(sdp: string, session: Session, principal: Principal): Promise<string> {
    if (this.#closing || !this.#takeLaneOffer(principal)) {
      throw new LighthouseError("host-busy", "The host takes no further connection now");
    }
    const claim = { principal, joins: session };
    return this.#open(this.#check(sdp, claim), claim);
  }

  #takeLaneOffer(principal: Principal): boolean {
    const group = groupOf(principal);
    const bucket = this.#laneOffers.get(group) ?? new TokenBucket(...LANE_OFFERS);
    this.#laneOffers.set(group, bucket);
    return bucket.take();
  }

  /** Parses the offer of a connection, for which it makes room. */
  #check(sdp: string, claim: Claim): Offer {
    const offer = parseOffer(sdp);
    this.#makeRoom(claim);
    return offer;
  }

  /** Begins a connection. @returns The answer to its offer. */
  #open(offer: Offer, claim: Claim): Promise<string> {
    const peer = answerOffer(offer, {
      ...this.#options.settings(),
      owner: groupOf(claim.principal),
      isPatient: claim.joins !== undefined,
      mapped: this.#options.ports?.take(claim.joins ? PORTS_BESIDE_LANES : 0),
    });
    this.#keep(peer, claim);
    return peer.answer;
  }

  /**
   * Refuses a connection for which there is no room. A page that was reloaded leaves a half-open
   * connection behind, of which the host hears nothing: a new one takes its place.
   */
  #makeRoom({ principal, joins }: Claim): void {
    const all = [...this.#all.values()];
    const group = groupOf(principal);
    const own = all.filter(({ claim }) => groupOf(claim.principal) === group);
    if (joins) {
      const lanes = own.filter(({ claim }) => claim.joins === joins).length;
      // Pages without a connection take precedence over further connections.
      const isFull = all.length >= MAX_PEERS_FOR_LANES || lanes >= MAX_LANES - 1;
      if (isFull || own.length >= MAX_OF_DEVICE) throw busy(all.length);
      return;
    }
    const halfOpen = own.filter(isHalfOpen).length;
    const isTooMuch = own.length >= MAX_OF_DEVICE || halfOpen >= MAX_HALF_OPEN_OF_DEVICE;
    const isFull = (own.length >= OWN && all.length >= MAX_PEERS) ||
      (halfOpen >= OWN_HALF_OPEN && all.filter(isHalfOpen).length >= MAX_HALF_OPEN);
    if (!isTooMuch && !isFull) return;
    // Of one stranger, too, and not of another: a flood pushes nobody out.
    const oldest = [...this.#all].find(([, state]) =>
      isHalfOpen(state) && state.claim.principal.id === principal.id
    );
    if (!oldest) throw busy(all.length, isTooMuch ? " of one device" : "");
    const [peer] = oldest;
    this.#all.delete(peer);
    peer.close();
  }

  #forget(peer: Peer, principal: Principal): void {
    this.#all.delete(peer);
    const group = groupOf(principal);
    const hasMore = [...this.#all.values()].some(({ claim }) => groupOf(claim.principal) === group);
    if (!hasMore) this.#laneOffers.delete(group);
  }

  /** Counts a peer until its end. */
  async #keep(peer: Peer, claim: Claim): Promise<void> {
    const state: PeerState = { isOpen: false, claim };
    this.#all.set(peer, state);
    peer.closed.then(() => this.#forget(peer, claim.principal));
    const { openTimeout = 20_000 } = this.#options;
    const timer = setTimeout(() => peer.close(), openTimeout);
    const channel = await peer.channel.catch((error) => this.#note(error, claim));
    clearTimeout(timer);
    if (!channel) return;
    state.isOpen = true;
    await this.#take(channel, peer.path ?? { local: "?", remote: "?" }, claim);
  }

  /** Gives an open channel to its session. */
  async #take(...taken: Parameters<Sessions["take"]>): Promise<void> {
    try {
      await this.#sessions.take(...taken);
    } catch (error) {
      // Do not close it here: the refusal is sent first, and then the channel closes.
      const [, , claim] = taken;
      this.#note(error, claim);
    }
  }

  #note(error: unknown, { principal, joins }: Claim): void {
    const { code, message } = LighthouseError.from(error, "connection-lost");
    const text = `a page's connection came to nothing: ${message}`;
    // A further connection of a session says nothing of the session's way.
    const fields = joins ? { code } : { code, device: principal.id };
    this.#options.log("warn", "page-refused", text, fields);
  }
}

/** Whether an offer through the relay has not led to an open connection yet. */
function isHalfOpen({ isOpen, claim }: PeerState): boolean {
  return !isOpen && !claim.joins;
}

/** The refusal of a page that has no way but the relay. */
function noWay(reason: "off" | "spent"): LighthouseError {
  return reason === "spent"
    ? new LighthouseError(
      "relay-budget",
      "The host's budget for sessions through the relay is spent for today (relay-budget)",
    )
    : new LighthouseError(
      "bad-offer",
      "The browser has no WebRTC, and this host has no sessions through the relay (relay-budget 0)",
    );
}

function busy(count: number, whose = ""): LighthouseError {
  return new LighthouseError(
    "host-busy",
    `The host has ${count} connections, which is all it takes${whose}. Try again later`,
  );
}
