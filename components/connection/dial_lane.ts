// A further connection for a session that has one: offered and answered inside the session, so that
// it costs the relay nothing.
import {
  Carrier,
  type IceConfig,
  LighthouseError,
  sendOffer,
  type Session,
} from "../../wire/mod.ts";
import { createPeer } from "./peer.ts";

/** Options of {@linkcode dialLane}. */
export interface LaneOptions {
  ice: IceConfig;
  /** Gives up. */
  signal: AbortSignal;
}

/** Time for all of it, in milliseconds. */
const OPEN_MS = 15_000;

/**
 * Connects to the session's host once more, and lets the session use that too.
 *
 * @throws {LighthouseError} `host-busy` and what else the host answers, or `connection-failed`; the
 * signal's reason when aborted.
 */
export async function dialLane(session: Session, options: LaneOptions): Promise<void> {
  const { ice, signal } = options;
  const peer = createPeer({ ice });
  const late = new LighthouseError("connection-failed", "A further connection took too long");
  const end = new AbortController();
  const timer = setTimeout(() => end.abort(late), OPEN_MS);
  const ending = AbortSignal.any([signal, end.signal]);
  // What waits for the peer ends with it.
  const close = () => peer.close();
  ending.addEventListener("abort", close);
  try {
    peer.accept(await sendOffer(session, await peer.offer, ending));
    await session.connect(new Carrier(await peer.channel), { join: true });
    ending.throwIfAborted();
  } catch (error) {
    close();
    throw ending.aborted ? ending.reason : error;
  } finally {
    clearTimeout(timer);
    ending.removeEventListener("abort", close);
  }
}
