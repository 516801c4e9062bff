// From the host's answer to an open channel: the direct connection, or the relay's channel where that takes
// long, and the direct one when it opens after all.
import { type Acceptance, type Channel, LighthouseError, type Proven } from "../../wire/mod.ts";
import { ENGLISH } from "../texts/english.ts";
import type { Peer } from "./peer.ts";
import type { RelayedWay } from "./relayed_way.ts";
import type { StartTimer } from "./start_timer.ts";

/** A connection to the host: its channel is open. */
export interface OpenedConnection extends Proven {
  channel: Channel;
  /** What carries the channel. */
  way: OpenedWay;
  /**
   * Only if the relay carries the channel: the direct connection of the same offer, when it opens. Rejects
   * if it does not in time.
   */
  direct?: Promise<OpenedConnection>;
}

/** What carries a channel: a WebRTC connection, or the relay. */
export type OpenedWay = Pick<Peer | RelayedWay, "stats" | "isOver" | "close">;

/** Options of {@linkcode openWay}. */
export interface OpenWayOptions {
  peer: Peer;
  /** It has not started yet. */
  way: RelayedWay;
  /** The host's. */
  answer: Acceptance & Proven;
  /** Whether the last connect needed the relay. @default false */
  needsRelay?: boolean;
  /**
   * Called with the error that the attempt most likely ends with, well before it does: the last connect
   * needed the relay, and the host does not go that way now.
   */
  onDoubt?: (error: LighthouseError) => void;
  /** Milliseconds that the attempt has taken until the answer. */
  spent: number;
  /** Ends the attempt, and a direct connection that is still opening. */
  signal: AbortSignal;
  startTimer: StartTimer;
}

/**
 * Limit for the direct connection, in milliseconds: from the answer, and from the start of the relay's channel.
 * Then further attempts follow, with what the network is like by then.
 */
const OPEN_MS = 15_000;
const OPEN_BESIDE_MS = 5_000;

/**
 * Time before the relay's channel starts: from the start of the attempt, and at least from the answer, in
 * milliseconds.
 */
const DIRECT_MS = 2_000;
const LEAST_DIRECT_MS = 1_000;

/**
 * Opens the direct connection or, if it does not open within 2 s of the attempt, the channel through the
 * relay. The other one of the two is closed, but for a direct connection that may open yet.
 *
 * @throws {LighthouseError} `connection-failed`, `relay-budget` or `unsupported`, when neither opens; the
 * signal's reason when aborted.
 */
export async function openWay(options: OpenWayOptions): Promise<OpenedConnection> {
  const { way, answer, needsRelay, onDoubt, spent, signal, startTimer } = options;
  const { relayed, relayedKeys, proof } = answer;
  const late = Promise.withResolvers<never>();
  const direct = openDirect(options, late.promise);
  /** Limits the time from now on. */
  const limit = (ms: number) => {
    const stopTimer = startTimer(ms, () => late.reject(noConnection()));
    direct.then(stopTimer, stopTimer);
  };
  limit(OPEN_MS);
  if (!relayed || "off" in relayed || !relayedKeys) {
    way.close();
    if (needsRelay && relayed) onDoubt?.(withoutRelay(noConnection(), relayed));
    return await direct.catch((error) => {
      throw signal.aborted ? error : withoutRelay(error, relayed);
    });
  }
  if (!needsRelay) {
    const waited = Promise.withResolvers<void>();
    const ms = Math.max(LEAST_DIRECT_MS, DIRECT_MS - Math.max(0, spent));
    const stopTimer = startTimer(ms, waited.resolve);
    const opened = await Promise.race([direct.catch(() => undefined), waited.promise]);
    stopTimer();
    signal.throwIfAborted();
    if (opened || way.isOver) {
      way.close();
      return await direct;
    }
  }
  way.start(await relayedKeys(), relayed);
  limit(OPEN_BESIDE_MS);
  return { channel: way.channel, way, proof, direct };
}

/** Opens the direct connection. Closes it when that fails. @param late Rejects when it takes too long. */
async function openDirect(
  { peer, answer, signal }: OpenWayOptions,
  late: Promise<never>,
): Promise<OpenedConnection> {
  const end = Promise.withResolvers<never>();
  const abort = () => end.reject(signal.reason);
  signal.addEventListener("abort", abort);
  try {
    signal.throwIfAborted();
    peer.accept(answer.sdp);
    const channel = await Promise.race([peer.channel, end.promise, late]);
    return { channel, way: peer, proof: answer.proof };
  } catch (error) {
    peer.close();
    throw signal.aborted ? error : LighthouseError.from(error, "connection-failed");
  } finally {
    signal.removeEventListener("abort", abort);
  }
}

function noConnection(): LighthouseError {
  return new LighthouseError("connection-failed", ENGLISH["connection-failed"]);
}

/** The error where the direct connection has failed, and the host offers no other way. */
function withoutRelay(cause: LighthouseError, relayed: Acceptance["relayed"]): LighthouseError {
  const isSpent = relayed && "off" in relayed && relayed.off === "spent";
  if (isSpent) return new LighthouseError("relay-budget", ENGLISH["relay-budget"], { cause });
  if (cause.code === "unsupported") return cause;
  const sentence = relayed ? ENGLISH["relay-off"] : ENGLISH["relay-missing"];
  return new LighthouseError("connection-failed", sentence, { cause });
}
