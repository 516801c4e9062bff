// A further connection for a connected session. Offer and answer go through the session, without the
// relay.
import {
  Carrier,
  type IceConfig,
  LighthouseError,
  sendOffer,
  type Session,
} from "../../wire/mod.ts";
import { createPeer, type Peer } from "./peer.ts";
import { startTimer } from "./start_timer.ts";

/** Options of {@linkcode dialLane}. */
export interface LaneOptions {
  ice: IceConfig;
  /** Ends the attempt. */
  signal: AbortSignal;
  /** @default the browser's */
  platform?: LanePlatform;
}

/** The parts of the browser that {@linkcode dialLane} uses. */
export interface LanePlatform {
  createPeer: typeof createPeer;
  startTimer: typeof startTimer;
}

/** Limit for the whole attempt, in milliseconds. */
const OPEN_MS = 15_000;

/**
 * Connects to the session's host once more, and adds the connection to the session.
 *
 * @returns The connection.
 * @throws {LighthouseError} `host-busy` or another refusal of the host, or `connection-failed`; the
 * signal's reason when aborted.
 */
export async function dialLane(session: Session, options: LaneOptions): Promise<Peer> {
  const { ice, signal, platform = { createPeer, startTimer } } = options;
  const peer = platform.createPeer({ ice, isPatient: true });
  const late = new LighthouseError("connection-failed", "A further connection took too long");
  const end = new AbortController();
  const stopTimer = platform.startTimer(OPEN_MS, () => end.abort(late));
  const ending = AbortSignal.any([signal, end.signal]);
  // The promises of the peer reject when it closes.
  const close = () => peer.close();
  ending.addEventListener("abort", close);
  try {
    peer.accept(await sendOffer(session, await peer.offer, ending));
    await session.connect(new Carrier(await peer.channel), { join: true });
    ending.throwIfAborted();
    return peer;
  } catch (error) {
    close();
    throw ending.aborted ? ending.reason : error;
  } finally {
    stopTimer();
    ending.removeEventListener("abort", close);
  }
}
