// The page's end of a WebRTC connection: the one file that knows simple-peer.
import SimplePeer from "simple-peer";
import { type Channel, type IceConfig, LighthouseError } from "../../wire/mod.ts";

/** Which way the packets go (RFC 8445 §5.1.1): the less direct of both ends' candidates. */
export type PeerPath = "host" | "srflx" | "prflx" | "relay" | "unknown";

/** What the browser counted on the pair of candidates in use. */
export interface PeerStats {
  path: PeerPath;
  /** Bytes since the connection was made, with everything that WebRTC adds. */
  bytesSent: number;
  bytesReceived: number;
}

/** A connection that this page offers. */
export interface Peer {
  /** The offer's SDP, with all candidates that were found in time. */
  readonly offer: Promise<string>;
  /** The data channel, open. Rejects with `connection-failed` when it comes to nothing. */
  readonly channel: Promise<Channel>;
  /** Takes the host's answer. To be called once. */
  accept(sdp: string): void;
  stats(): Promise<PeerStats>;
  close(): void;
}

/** Options of {@linkcode createPeer}. */
export interface PeerOptions {
  ice: IceConfig;
}

/** Candidates that take longer than this after the first one stay out of the offer, in ms. */
const GATHER_MS = 1000;

/**
 * More than SCTP makes before it gives the association up, so the channel is reliable. To have said a
 * number at all keeps usrsctp, the host's SCTP, off a short cut in its handling of acknowledgements,
 * on which its timer fires although nothing is lost and the window falls to one packet: over 50 ms it
 * makes a download 2 to 4 times as fast.
 */
const RETRANSMITS = 65_535;

/** Starts a connection: candidates are gathered from now on. */
export function createPeer({ ice }: PeerOptions): Peer {
  const offer = Promise.withResolvers<string>();
  const channel = Promise.withResolvers<Channel>();
  offer.promise.catch(() => {});
  channel.promise.catch(() => {});

  const peer = new SimplePeer({
    initiator: true,
    trickle: false,
    iceCompleteTimeout: GATHER_MS,
    config: ice,
    channelName: "lighthouse",
    channelConfig: { ordered: false, maxRetransmits: RETRANSMITS },
  });
  const adapted = adapt(peer);
  peer.on("signal", (signal) => {
    if (signal.type === "offer") offer.resolve(signal.sdp!);
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
    close: () => peer.destroy(),
  };
}

function adapt(peer: SimplePeer.Instance): Channel {
  const channel: Channel = {
    send(message) {
      if (peer.destroyed || !peer.connected) return;
      try {
        // Past its own queue, which holds back what exceeds 64 KiB: the session sees to that.
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

/** A row of RTCStatsReport, as far as it is read here. */
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
