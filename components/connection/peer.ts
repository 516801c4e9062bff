// The page's end of a WebRTC connection, by simple-peer.
import SimplePeer from "simple-peer";
import { type Channel, type IceConfig, LighthouseError } from "../../wire/mod.ts";
import { Gathering, type GatheringOptions } from "./gathering.ts";
import { startTimer } from "./start_timer.ts";

/**
 * The bytes' path. Of a direct connection, the less direct type of both ends' candidates (RFC 8445 §5.1.1),
 * of which `relay` is a TURN server; `quic`: by WebTransport, straight to the host; `relayed`: through the relay
 * that brings the signals.
 */
export type PeerPath = "host" | "srflx" | "prflx" | "relay" | "quic" | "relayed" | "unknown";

/** Counts of the pair of candidates in use, or of the channel through the relay. */
export interface PeerStats {
  path: PeerPath;
  /** Bytes since the start of the connection, including those of WebRTC or of the relay's envelopes. */
  bytesSent: number;
  bytesReceived: number;
}

/** A connection that this page offers. */
export interface Peer {
  /** The offer's SDP, with the candidates that matter, and others that were found by then. */
  readonly offer: Promise<string>;
  /** The open data channel. Rejects with `connection-failed` when it cannot be opened. */
  readonly channel: Promise<Channel>;
  /** Sets the host's answer. Call it once. */
  accept(sdp: string): void;
  stats(): Promise<PeerStats>;
  /** Whether it has ended or failed. */
  readonly isOver: boolean;
  close(): void;
}

/** Options of {@linkcode createPeer}. */
export interface PeerOptions {
  ice: IceConfig;
  /** The offer cannot be sent before: candidates that are found until then go with it. @default nothing */
  until?: Promise<unknown>;
  /** Whether nobody waits for it, so that slow STUN and TURN servers have time to answer. @default false */
  isPatient?: boolean;
  /** @default the browser's */
  webRtc?: SimplePeer.Options["wrtc"];
}

/**
 * SCTP gives the association up after fewer retransmissions, so the channel is reliable. Any number here
 * keeps usrsctp, the host's SCTP, from a short cut in its handling of acknowledgements, on which its
 * timer fires without a loss and the window falls to one packet. Over 50 ms, a number makes a download
 * 2 to 4 times as fast.
 */
const RETRANSMITS = 65_535;

/** Starts a connection, and gathers candidates. */
export function createPeer({ ice, until, isPatient, webRtc }: PeerOptions): Peer {
  const offer = Promise.withResolvers<string>();
  const channel = Promise.withResolvers<Channel>();
  offer.promise.catch(() => {});
  channel.promise.catch(() => {});

  const peer = new SimplePeer({
    initiator: true,
    config: ice,
    wrtc: webRtc,
    channelName: "lighthouse",
    channelConfig: { ordered: false, maxRetransmits: RETRANSMITS },
  });
  const adapted = adapt(peer);
  const gathering = new Gathering({ servers: serversIn(ice), isPatient, startTimer });
  peer.on("signal", async (signal) => {
    if (signal.type === "candidate") return gathering.add(signal.candidate.candidate ?? "");
    if (signal.type !== "offer") return;
    await Promise.all([gathering.enough, until]);
    offer.resolve(withCandidates(signal.sdp!, gathering.candidates));
  });
  peer.on("iceStateChange", (_state, gatheringState) => {
    if (gatheringState === "complete") gathering.end();
  });
  peer.on("connect", () => channel.resolve(adapted));
  peer.on("error", (error) => fail(error));
  peer.on("close", () => {
    fail(new Error("the connection was closed"));
    adapted.onclose();
  });
  function fail(cause: Error): void {
    const error = new LighthouseError(
      "connection-failed",
      `No direct connection to the host came about: ${cause.message}`,
      { cause },
    );
    offer.reject(error);
    channel.reject(error);
  }

  return {
    offer: offer.promise,
    channel: channel.promise,
    accept: (sdp) => peer.signal({ type: "answer", sdp }),
    stats: () => readStats(peer),
    get isOver() {
      return peer.destroyed;
    },
    close: () => peer.destroy(),
  };
}

function serversIn({ iceServers }: IceConfig): GatheringOptions["servers"] {
  const urls = iceServers.flatMap((server) => server.urls);
  if (urls.some((url) => /^turn/i.test(url))) return "TURN";
  return urls.length > 0 ? "STUN" : "none";
}

/** The offer with these candidates: its last section is the only one. */
function withCandidates(sdp: string, candidates: readonly string[]): string {
  const bare = sdp.replace(/^a=candidate:.*\r\n/gm, "");
  return bare + candidates.map((candidate) => `a=${candidate}\r\n`).join("");
}

function adapt(peer: SimplePeer.Instance): Channel {
  const channel: Channel = {
    send(message) {
      if (peer.destroyed || !peer.connected) return;
      try {
        // Past simple-peer's own queue above 64 KiB: the session limits what is queued.
        peer.send(message);
      } catch {
        // The channel closes at any moment: `onclose` follows.
      }
    },
    get bufferedAmount() {
      return peer.destroyed ? 0 : peer.bufferSize;
    },
    close: () => peer.destroy(),
    onmessage: () => {},
    onclose: () => {},
  };
  peer.on("data", (message: Uint8Array<ArrayBuffer> | string) => channel.onmessage(message));
  return channel;
}

/** A row of RTCStatsReport, with the members that are read here. */
interface StatsRow {
  id: string;
  type: string;
  selectedCandidatePairId?: string;
  selected?: boolean;
  nominated?: boolean;
  state?: string;
  localCandidateId?: string;
  remoteCandidateId?: string;
  candidateType?: string;
  bytesSent?: number;
  bytesReceived?: number;
}

const INDIRECTION: PeerPath[] = ["relay", "srflx", "prflx", "host"];

async function readStats(peer: SimplePeer.Instance): Promise<PeerStats> {
  const rows = await new Promise<StatsRow[]>((resolve, reject) => {
    // Its types lack getStats.
    (peer as unknown as {
      getStats(callback: (error: Error | null, rows: StatsRow[]) => void): void;
    }).getStats((error, rows) => error ? reject(error) : resolve(rows));
  });
  const byId = new Map(rows.map((row) => [row.id, row]));
  // Firefox has no transport row, and marks the pair instead.
  const chosen = rows.find((row) => row.selectedCandidatePairId)?.selectedCandidatePairId;
  const pair = byId.get(chosen ?? "") ??
    rows.find((row) => row.type === "candidate-pair" && (row.selected || row.nominated));
  const types = [pair?.localCandidateId, pair?.remoteCandidateId]
    .map((id) => byId.get(id ?? "")?.candidateType);
  return {
    path: INDIRECTION.find((type) => types.includes(type)) ?? "unknown",
    bytesSent: pair?.bytesSent ?? 0,
    bytesReceived: pair?.bytesReceived ?? 0,
  };
}
