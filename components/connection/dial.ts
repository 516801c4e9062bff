// One attempt to connect to the host: one message out and one in, then the WebSocket closes. The relay
// cannot read the offer or the answer, and only the host's own answer counts. Where no direct connection
// opens soon, the WebSocket stays, and carries the session until one does.
import {
  type Acceptance,
  type Answer,
  DEFAULT_HOST,
  type EarlyStart,
  formatProtocols,
  formatSendSignal,
  generateKeyPair,
  Handshake,
  type IceConfig,
  type IceServer,
  LighthouseError,
  type NetworkReport,
  type Offer,
  parseRelayMessage,
  type Proven,
  type Refusal,
  type Reply,
} from "../../wire/mod.ts";
import type { DeviceName } from "../identity/device_store.ts";
import type { Identity } from "../identity/identity.ts";
import { isFinal } from "./connection_state.ts";
import { noPeer } from "./no_peer.ts";
import { type OpenedConnection, openWay } from "./open_way.ts";
import { createPeer, type Peer, type PeerOptions } from "./peer.ts";
import { forged, plainRefusal, refusedByRelay, relayError, sealedRefusal } from "./refusals.ts";
import { checkRegistry } from "./registry.ts";
import { openRelaySocket } from "./relay_socket.ts";
import { RelayedWay } from "./relayed_way.ts";
import { startTimer } from "./start_timer.ts";

/** The settings for finding the host and connecting to it. */
export interface DialSettings {
  /** The relay's WebSocket URL. */
  relay: URL;
  /** The host's name, if several share the relay. */
  host?: string;
  /** URL of the bucket with the hosts' entries; undefined dials without a look at it. */
  registry?: URL;
  ice: IceConfig;
  /** The name that this device proposes when it is paired. */
  name: string;
  /** The site to which this device belongs. @default the page's origin */
  origin?: string;
}

/** Options of {@linkcode dial}. */
export interface DialOptions {
  /** The host to dial, and the device that dials. */
  identity: Identity;
  /** The host's clock minus this one, in milliseconds; 0 if it is not known. */
  skew: number;
  /** Called when the clocks turn out to differ, with the value for the next attempt. */
  onSkew: (skew: number) => void;
  /**
   * Called when the host has let this device in and names it. An error of it ends the attempt.
   *
   * @param admission What to show to the relay from now on.
   */
  onDevice: (
    device: DeviceName,
    tagKey?: Uint8Array<ArrayBuffer>,
    admission?: string,
  ) => Promise<void>;
  /** Called then with the ICE servers for the next attempts; undefined if the host has none. */
  onIceServers?: (iceServers: IceServer[] | undefined) => void;
  /** The first messages, which the offer brings, and what becomes of them. */
  early?: Pick<EarlyStart, "secret" | "take" | "answered" | "failed">;
  /** Returns what the page sees of its network. @param sdp The offer's. @default nothing */
  report?: (sdp: string) => NetworkReport;
  /** Called with what the host sees of its network, when it has let this device in. */
  onReport?: (report: NetworkReport | undefined) => void;
  /** Whether this page has not connected yet. @default false */
  isFirst?: boolean;
  /** Called when the host has accepted, while the connection is opening. */
  onAnswer: (answer: Pick<Acceptance & Proven, "quic" | "proof">) => void;
  /** Called with the error that the attempt most likely ends with. @default nothing */
  onDoubt?: (error: LighthouseError) => void;
  /** Ends the attempt. */
  signal: AbortSignal;
  /** @default the browser's */
  platform?: DialPlatform;
}

/** The parts of the browser that {@linkcode dial} uses. */
export interface DialPlatform {
  createPeer: typeof createPeer;
  openRelaySocket: typeof openRelaySocket;
  startTimer: typeof startTimer;
  /** Milliseconds since 1970. */
  now: () => number;
  /** The page's origin. */
  origin: string;
}

/** Limit for the host's answer, in milliseconds. */
const ANSWER_MS = 10_000;

/** Limit for the host's own answer after a forged one, in milliseconds. */
const FORGED_MS = 2_000;

/**
 * Connects to the host, directly or through the relay. Candidates are gathered while the WebSocket opens.
 *
 * @throws {LighthouseError} The error of the registry, the relay or the host (`host-offline`,
 * `device-revoked`, …), or `relay-unreachable`, `no-answer`, `bad-seal`, `connection-failed`,
 * `relay-budget`, `unsupported`; the signal's reason when aborted.
 */
export async function dial(
  settings: DialSettings,
  options: DialOptions,
): Promise<OpenedConnection> {
  const { identity, isFirst, early, signal, onDevice, onAnswer, platform = browserPlatform() } =
    options;
  let isSent = false;
  const { relay, host, registry, ice } = settings;
  if (registry) await checkRegistry({ registry, host, hostKey: identity.hostKey, signal });
  signal.throwIfAborted();
  const began = platform.now();
  const open = Promise.withResolvers<void>();
  const peer = createPeerIfAny(platform, { ice, until: open.promise });
  /** Why there is nothing to offer but the way through the relay. */
  let noOffer: unknown;
  const end = new AbortController();
  // Not AbortSignal.any: Chromium keeps its signal for as long as `signal` lives.
  const abort = () => end.abort(signal.reason);
  signal.addEventListener("abort", abort);
  const over = rejectionOf(end.signal);
  const stopTimer = platform.startTimer(ANSWER_MS, () => end.abort(noAnswer()));
  let stopForgery: (() => void) | undefined;
  let hangUp = () => {};
  /** Gets what the relay brings after the answer. */
  let way: RelayedWay | undefined;
  try {
    const handshake = new Handshake({
      hostKey: identity.hostKey,
      device: identity.keys,
      sender: identity.sender,
      ephemeral: generateKeyPair(),
      offer: offerOf(settings, {
        identity,
        report: options.report,
        origin: platform.origin,
        sdp: peer.offer.catch((error) => {
          noOffer = error;
          return "";
        }),
      }),
      early,
      send: (data) => {
        isSent = true;
        socket.send(formatSendSignal({ host, data }));
      },
    });
    const receive = async (text: string) => {
      try {
        await handshake.receive(parseRelayMessage(text));
        stopForgery?.();
        stopForgery = undefined;
      } catch (error) {
        // A forged reply: the host's own answer may still follow.
        console.warn("lighthouse-tunnel ignores a message of the relay:", error);
        if (LighthouseError.from(error, "bad-message").code !== "bad-seal") return;
        stopForgery ??= platform.startTimer(FORGED_MS, () => end.abort(forged(error)));
      }
    };
    const socket = platform.openRelaySocket(relay, {
      onOpen: open.resolve,
      onMessage: (text) => void (way ? way.receive(text) : receive(text)),
      // After the answer, the socket's end does not end the attempt.
      onFailure: (error) => way ? way.end() : end.abort(error),
      protocols: protocolsOf(identity, host),
      whyRefused: () => refusedByRelay(identity, platform.now(), isFirst),
    });
    hangUp = () => socket.close();
    const answer = await Promise.race([letIn(handshake, options, platform.now), over]);
    way = new RelayedWay({ socket, host });
    early?.answered(answer.early);
    if (answer.device) await onDevice(answer.device, answer.tagKey, answer.admission);
    options.onIceServers?.(answer.iceServers);
    options.onReport?.(answer.report);
    end.signal.throwIfAborted();
    stopTimer();
    onAnswer(answer);
    const { startTimer } = platform;
    return await openWay({
      peer,
      way,
      answer,
      needsRelay: identity.needsRelay,
      onDoubt: options.onDoubt,
      spent: platform.now() - began,
      signal,
      startTimer,
    });
  } catch (error) {
    peer.close();
    hangUp();
    early?.failed(!isSent || isUnseen(error));
    // A host that knows no way through the relay refuses an offer without a session description.
    throw noOffer && isBadOffer(error) ? noOffer : error;
  } finally {
    stopTimer();
    stopForgery?.();
    signal.removeEventListener("abort", abort);
  }
}

/** The browser's. */
export function browserPlatform(): DialPlatform {
  return { createPeer, openRelaySocket, startTimer, now: Date.now, origin: globalThis.origin };
}

/** A peer that has failed, where the browser has no WebRTC. */
function createPeerIfAny(platform: DialPlatform, options: PeerOptions): Peer {
  try {
    return platform.createPeer(options);
  } catch (cause) {
    return noPeer(cause);
  }
}

/**
 * The subprotocols to offer: none without anything to show, since browsers do not connect where a relay of
 * an earlier version selects none.
 */
export function protocolsOf(
  { admission: value }: Pick<Identity, "admission">,
  host: string | undefined,
): string[] {
  return value || host ? formatProtocols({ host: host ?? DEFAULT_HOST, value }) : [];
}

/** The offer, as soon as candidates have been gathered. */
async function offerOf(
  settings: DialSettings,
  { identity, report, origin, sdp }: Pick<DialOptions, "identity" | "report"> & {
    origin: string;
    sdp: Promise<string>;
  },
): Promise<Offer> {
  const offer: Offer = { sdp: await sdp, origin: settings.origin ?? origin };
  if (report) offer.report = report(offer.sdp);
  return identity.sender.kind === "pairing" ? { ...offer, name: settings.name } : offer;
}

/** Whether a host cannot read the offer: those of earlier versions call it a bad message. */
function isBadOffer(error: unknown): boolean {
  return error instanceof LighthouseError && /^bad-(?:offer|message)$/.test(error.code);
}

/** Whether first messages have not counted: the offer reached nobody, or its sender was refused. */
function isUnseen(error: unknown): boolean {
  return error instanceof LighthouseError &&
    (/^(?:host-offline|not-paired)$/.test(error.code) || isFinal(error.code));
}

/** Asks the host, and once more with the host's time if the clocks differ too much. */
async function letIn(
  handshake: Handshake,
  { identity, skew, onSkew }: DialOptions,
  now: () => number,
): Promise<Exclude<Answer, Refusal>> {
  let answer = await answerOf(await handshake.ask(now() + skew), identity);
  if ("refused" in answer && answer.refused.code === "clock-skew") {
    onSkew(answer.time - now());
    answer = await answerOf(await handshake.ask(answer.time), identity);
  }
  if ("refused" in answer) throw sealedRefusal(answer.refused);
  return answer;
}

/** @throws {LighthouseError} For a reply that is not sealed by the host. */
async function answerOf(reply: Reply, identity: Identity) {
  if (reply.by === "relay") throw relayError(reply.refused);
  if (reply.by === "anybody") throw await plainRefusal(reply.refused, identity);
  return reply.answer;
}

/** Rejects with the signal's reason when it is aborted. */
function rejectionOf(signal: AbortSignal): Promise<never> {
  const { promise, reject } = Promise.withResolvers<never>();
  promise.catch(() => {});
  signal.addEventListener("abort", () => reject(signal.reason));
  return promise;
}

function noAnswer(): LighthouseError {
  return new LighthouseError("no-answer", "The host did not answer in time");
}
