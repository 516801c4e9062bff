// The host's end of a WebRTC connection, by node-datachannel.
//
// It works around three faults: an unreferenced PeerConnection or DataChannel is garbage collected, and
// the connection dies, so `open` holds them all; callbacks that are not registered keep the process from
// ending; `cleanup()` hangs while a connection is open.
import type { DataChannel, IceServer as NativeServer, PeerConnection } from "node-datachannel";
import {
  type Channel,
  type IceConfig,
  type IceServer,
  LighthouseError,
  parseIceUrl,
} from "../../wire/mod.ts";
import type { TakenPort } from "../mapping/mod.ts";
import { inboxes } from "./inboxes.ts";
import { guessAddresses, KnownWays, putLikelyFirst } from "./known_ways.ts";
import { loadNative } from "./native.ts";
import { addMappedPort, formatOffer, type Offer } from "./sdp.ts";

/** The path of the packets: the types of the two candidates (RFC 8445 §5.1.1). */
export interface PeerPath {
  local: string;
  remote: string;
  /** The address of the other end's candidate. */
  remoteAddress?: string;
  /** Whether this end's router maps a port for the connection. */
  isMapped?: boolean;
}

/** A page's connection, from its offer to its end. */
export interface Peer {
  /** The answer's SDP, with the candidates that were found in time. */
  readonly answer: Promise<string>;
  /** The page's open data channel. Rejects if the connection ends before it opens. */
  readonly channel: Promise<Channel>;
  /** Resolves when the connection has ended, whoever ended it. */
  readonly closed: Promise<void>;
  /** The path; undefined before the connection is up, and after its end. */
  readonly path: PeerPath | undefined;
  close(): void;
}

/** Options of {@linkcode answerOffer}. */
export interface AnswerOptions {
  ice: IceConfig;
  /** Whose the connection is: connections of one owner are read in one turn. @default nobody's */
  owner?: string;
  /** Whether nobody waits for it, so that slow STUN and TURN servers have time to answer. @default false */
  isPatient?: boolean;
  /** The router's port that leads to the connection, which releases it. @default none */
  mapped?: TakenPort;
}

/** Limit for gathering candidates, in milliseconds. Later ones are left out of an offer. */
const GATHER_MS = 1500;

/**
 * The same for an answer, for which a page waits, without and with TURN servers: a round trip to a STUN server,
 * or two to a TURN server.
 */
const ANSWER_MS = { stun: 300, turn: 1000 };

/**
 * The same once a TURN server has answered: a firewall may hide the others. A page that no STUN server has
 * answered may need the second TURN server, the one over TCP.
 */
const RELAYED_MS = 10;
const RELAYED_FOR_BLOCKED_MS = 250;

const native = await loadNative();
const open = new Set<PeerConnection>();
const openChannels = new Set<DataChannel>();
const knownWays = new KnownWays();
let serial = 0;

/**
 * Answers an offer.
 *
 * @throws {LighthouseError} `bad-offer` if node-datachannel refuses the offer.
 */
export function answerOffer(offer: Offer, options: AnswerOptions): Peer {
  const { mapped } = options;
  if (!mapped) return answerFrom(offer, options);
  let peer: Peer;
  try {
    peer = answerFrom(offer, options);
  } catch {
    // Another program may have bound the port.
    mapped.release();
    return answerFrom(offer, { ...options, mapped: undefined });
  }
  peer.closed.then(() => mapped.release());
  return peer;
}

function answerFrom(
  offer: Offer,
  { ice, owner = "", isPatient = false, mapped }: AnswerOptions,
): Peer {
  const isBlocked = !offer.candidates.some(({ type }) => type === "srflx");
  const { connection, description, channel, closed, close } = connect(ice, {
    isHurried: !isPatient,
    port: mapped?.port,
    patience: isBlocked ? RELAYED_FOR_BLOCKED_MS : RELAYED_MS,
  });
  let claimed = false;
  connection.onDataChannel((native) => {
    // The session uses one channel. Its end is the connection's end.
    if (claimed) return discard(native);
    claimed = true;
    channel.resolve(adapt(native, close, owner));
    const pair = connection.getSelectedCandidatePair();
    if (pair) knownWays.note(owner, offer, pair);
  });
  const ways = knownWays.likely(owner);

  try {
    connection.setRemoteDescription(formatOffer(guessAddresses(offer, ways)), "offer");
  } catch (cause) {
    close();
    throw new LighthouseError("bad-offer", "Cannot take the session description", { cause });
  }
  const answer = description.then((sdp) =>
    putLikelyFirst(mapped ? addMappedPort(sdp, mapped.outer) : sdp, offer, ways)
  );
  answer.catch(() => {});
  return {
    answer,
    channel: channel.promise,
    closed,
    get path() {
      const pair = open.has(connection) ? connection.getSelectedCandidatePair() : null;
      if (!pair) return undefined;
      const { local, remote } = pair;
      return {
        local: local.type,
        remote: remote.type,
        remoteAddress: remote.address,
        ...mapped && { isMapped: true },
      };
    },
    close,
  };
}

/** A connection that this process offers, as a page does: for `doctor`. */
export interface OfferingPeer extends Pick<Peer, "channel" | "closed" | "close"> {
  /** The offer's SDP, with the candidates that were found in time. */
  readonly offer: Promise<string>;
  /** Sets the answer's SDP. */
  accept(answer: string): void;
}

/** Offers a connection, as a page does. */
export function createOffer({ ice }: Pick<AnswerOptions, "ice">): OfferingPeer {
  const { connection, description, channel, closed, close } = connect(ice);
  const native = connection.createDataChannel("lighthouse", { unordered: true });
  const adapted = adapt(native, close, "");
  native.onOpen(() => channel.resolve(adapted));
  return {
    offer: description,
    channel: channel.promise,
    closed,
    accept: (answer) => connection.setRemoteDescription(answer, "answer"),
    close,
  };
}

/** Options of {@linkcode connect}. */
interface ConnectOptions {
  /** Whether the description goes as soon as a STUN server has answered. @default false */
  isHurried?: boolean;
  /** The UDP port to bind. @default any */
  port?: number;
  /** Time for further candidates after a TURN server's first, in milliseconds. */
  patience?: number;
}

/** The part that offering and answering share. */
function connect({ iceServers }: IceConfig, options: ConnectOptions = {}) {
  const { isHurried = false, port, patience = RELAYED_FOR_BLOCKED_MS } = options;
  const described = Promise.withResolvers<string>();
  const channel = Promise.withResolvers<Channel>();
  const closed = Promise.withResolvers<void>();
  channel.promise.catch(() => {});
  described.promise.catch(() => {});

  const connection = new native.PeerConnection(`page-${++serial}`, {
    iceServers: iceServers.flatMap(toNative),
    portRangeBegin: port,
    portRangeEnd: port,
  });
  open.add(connection);
  const hasTurn = iceServers.some(({ urls }) => urls.some((url) => /^turns?:/.test(url)));
  const limit = isHurried ? ANSWER_MS[hasTurn ? "turn" : "stun"] : GATHER_MS;
  let timer = setTimeout(finishGathering, limit);
  let isRelayed = false;

  function finishGathering(): void {
    const description = open.has(connection) ? connection.localDescription() : null;
    if (description) described.resolve(description.sdp);
    else described.reject(new LighthouseError("bad-offer", "Cannot answer the offer"));
  }
  function close(): void {
    if (!open.delete(connection)) return;
    clearTimeout(timer);
    connection.close();
    const error = new LighthouseError("connection-lost", "The connection ended before it opened");
    described.reject(error);
    channel.reject(error);
    closed.resolve();
  }

  connection.onLocalCandidate((candidate) => {
    // "complete" comes later where the STUN server has several addresses.
    if (isHurried && !hasTurn && / typ srflx\b/.test(candidate)) finishGathering();
    if (isRelayed || !candidate.includes(" typ relay ")) return;
    isRelayed = true;
    clearTimeout(timer);
    if (open.has(connection)) timer = setTimeout(finishGathering, patience);
  });
  connection.onGatheringStateChange((state) => {
    if (state === "complete") finishGathering();
  });
  connection.onStateChange((state) => {
    // "disconnected" is not the end: after a short blackout, the connection recovers.
    if (state === "closed" || state === "failed") close();
  });
  return { connection, description: described.promise, channel, closed: closed.promise, close };
}

/** A server's URLs as node-datachannel takes them: TURN over UDP only. */
function toNative({ urls, username, credential: password }: IceServer): (string | NativeServer)[] {
  return urls.map((url) => {
    const { scheme, host: hostname, port } = parseIceUrl(url)!;
    return scheme === "stun"
      ? url
      : { hostname, port, username, password, relayType: "TurnUdp" as const };
  });
}

/** The ICE password of an open connection. @param ufrag Its own user name fragment. */
export function icePasswordOf(ufrag: string): string | undefined {
  for (const connection of open) {
    const sdp = connection.localDescription()?.sdp ?? "";
    if (!sdp.includes(`a=ice-ufrag:${ufrag}\r\n`)) continue;
    return /^a=ice-pwd:(\S+)/m.exec(sdp)?.[1];
  }
  return undefined;
}

/** Ends node-datachannel's threads, so that the process can exit. All peers must be closed. */
export function endPeers(): void {
  native.cleanup();
}

function adapt(native: DataChannel, closeConnection: () => void, owner: string): Channel {
  openChannels.add(native);
  const channel: Channel = {
    send(message) {
      if (!openChannels.has(native)) return;
      try {
        native.sendMessageBinary(message);
      } catch {
        // Another thread may have closed the channel already: `onclose` follows.
      }
    },
    get bufferedAmount() {
      return openChannels.has(native) ? native.bufferedAmount() : 0;
    },
    close: closeConnection,
    onmessage: () => {},
    onclose: () => {},
  };
  const inbox = inboxes.open({
    owner,
    read: (message) => channel.onmessage(message),
    onOverflow: closeConnection,
  });
  native.onMessage((message) => {
    inbox.push(typeof message === "string" ? message : bytesOf(message));
  });
  native.onError(() => {});
  native.onClosed(() => {
    if (!openChannels.delete(native)) return;
    inbox.end(() => {
      // In this order: when the session is told, there is room for another connection.
      closeConnection();
      channel.onclose();
    });
  });
  return channel;
}

/** Closes an unused channel. */
function discard(native: DataChannel): void {
  openChannels.add(native);
  native.onClosed(() => openChannels.delete(native));
  native.close();
}

/** The message's memory without a copy: node-datachannel gives each message its own buffer. */
function bytesOf(message: ArrayBuffer | Buffer): Uint8Array<ArrayBuffer> {
  if (message instanceof ArrayBuffer) return new Uint8Array(message);
  const { buffer, byteOffset, byteLength } = message;
  return new Uint8Array(buffer as ArrayBuffer, byteOffset, byteLength);
}
