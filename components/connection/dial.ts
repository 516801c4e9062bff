// One attempt to reach the host: one message out, one in, then the WebSocket is closed again. The
// relay sees neither the offer nor the answer, and what is not the host's own answer counts for nothing.
import {
  type Acceptance,
  type Answer,
  type Channel,
  formatSendSignal,
  type IceConfig,
  LighthouseError,
  type Offer,
  parseRelayMessage,
  parseSignal,
  type Proven,
  type SealedAnswer,
  sealOffer,
  type SentOffer,
} from "../../wire/mod.ts";
import type { DeviceName } from "../identity/device_store.ts";
import type { Identity } from "../identity/identity.ts";
import { createPeer, type Peer } from "./peer.ts";
import { forged, type PlainRefusal, plainRefusal, relayError, sealedRefusal } from "./refusals.ts";
import { checkRegistry } from "./registry.ts";

/** Where the host is to be found. */
export interface DialSettings {
  /** The relay's WebSocket URL. */
  relay: URL;
  /** The host's name, where several share the relay. */
  host?: string;
  /** Where to see whether the host is up before a socket is opened; undefined for nowhere. */
  registry?: URL;
  ice: IceConfig;
  /** What this device is to be called when it is paired. */
  name: string;
}

/** Options of {@linkcode dial}. */
export interface DialOptions {
  /** Whom to dial, and as whom. */
  identity: Identity;
  /** How far this clock is behind the host's, in milliseconds, as far as is known. */
  skew: number;
  /** The host's clock is another: to be known at the next attempt. */
  onSkew: (skew: number) => void;
  /** The host has let this device in and names it. What this throws ends the attempt. */
  onDevice: (device: DeviceName, tagKey?: Uint8Array<ArrayBuffer>) => Promise<void>;
  /** Called when the host has answered, and the connection itself is being made. */
  onAnswer: () => void;
  /** Gives up. */
  signal: AbortSignal;
}

/** A connection to the host: its channel is open. */
export interface OpenedConnection extends Proven {
  channel: Channel;
  peer: Peer;
}

/** Time until the host's answer, and from there to the open channel, in milliseconds. */
const ANSWER_MS = 10_000;
const OPEN_MS = 15_000;

/** Time for the host's own answer after one that is not its own, in milliseconds. */
const FORGED_MS = 2_000;

/**
 * Connects to the host. Candidates are gathered while the WebSocket opens.
 *
 * @throws {LighthouseError} what the registry, the relay or the host answered (`host-offline`, `device-revoked`, …),
 * or `relay-unreachable`, `no-answer`, `bad-seal`, `connection-failed`, `unsupported`; the signal's
 * reason when aborted.
 */
export async function dial(
  settings: DialSettings,
  options: DialOptions,
): Promise<OpenedConnection> {
  const { identity, signal, onAnswer } = options;
  const { host, registry } = settings;
  signal.throwIfAborted();
  if (typeof RTCPeerConnection === "undefined") {
    throw new LighthouseError("unsupported", "This browser has no WebRTC, or it is switched off");
  }
  if (registry) await checkRegistry({ registry, host, hostKey: identity.hostKey, signal });
  const socket = openSocket(settings.relay);
  const peer = createPeer(settings);
  const trouble = Promise.withResolvers<never>();
  let isOver = false;
  const giveUp = (error: unknown) => {
    isOver = true;
    trouble.reject(error);
  };
  const abort = () => giveUp(signal.reason);
  signal.addEventListener("abort", abort);
  let timer = setTimeout(() => giveUp(noAnswer()), ANSWER_MS);
  try {
    const replies = new Replies(socket, identity);
    const offer = offerOf(peer, identity, settings.name);
    const opened = openingOf(socket);
    const ask = async (skew: number) => {
      const { hostKey, keys: device, sender } = identity;
      const time = Date.now() + skew;
      // Most of the work is done while candidates are gathered.
      const sealing = sealOffer(offer, { hostKey, device, sender, time });
      const [sent] = await Promise.all([sealing, opened]);
      // Nobody waits for an answer any more: then none is asked for.
      if (isOver) return await trouble.promise;
      const reply = replies.to(sent);
      socket.send(formatSendSignal({ host, data: sent.signal }));
      return await reply;
    };
    const answer = await Promise.race([answered(ask, options), trouble.promise]);
    if (answer.device) await options.onDevice(answer.device, answer.tagKey);
    signal.throwIfAborted();
    peer.accept(answer.sdp);

    clearTimeout(timer);
    timer = setTimeout(() => giveUp(noConnection()), OPEN_MS);
    onAnswer();
    const channel = await Promise.race([peer.channel, trouble.promise]);
    return { channel, peer, proof: answer.proof };
  } catch (error) {
    peer.close();
    throw error;
  } finally {
    clearTimeout(timer);
    signal.removeEventListener("abort", abort);
    hangUp(socket);
  }
}

/** What is sealed for the host, as soon as candidates have been gathered. */
function offerOf(peer: Peer, { sender }: Identity, name: string): Promise<Offer> {
  const offer = peer.offer.then((sdp) => ({
    sdp,
    origin: globalThis.origin,
    ...sender.kind === "pairing" && { name },
  }));
  // Whoever waits for it may have given up before it fails.
  offer.catch(() => {});
  return offer;
}

/** Asks, and once more by the host's clock where the two differ too much. */
async function answered(
  ask: (skew: number) => Promise<Answer>,
  { skew, onSkew }: Pick<DialOptions, "skew" | "onSkew">,
): Promise<Acceptance & Proven> {
  let answer = await ask(skew);
  if ("refused" in answer && answer.refused.code === "clock-skew") {
    const corrected = answer.time - Date.now();
    onSkew(corrected);
    answer = await ask(corrected);
  }
  if ("refused" in answer) throw sealedRefusal(answer.refused);
  return answer;
}

/** What comes back through the relay. */
class Replies {
  readonly #identity: Identity;
  /** The offer that waits for its answer, and what becomes of that. */
  #waiting: { offer: SentOffer } & PromiseWithResolvers<Answer> | undefined;
  #error: LighthouseError | undefined;

  constructor(socket: WebSocket, identity: Identity) {
    this.#identity = identity;
    socket.addEventListener("message", ({ data }) => void this.#take(String(data)));
    socket.addEventListener("close", () =>
      this.#fail(
        new LighthouseError(
          "relay-unreachable",
          "The relay closed the connection before an answer",
        ),
      ));
  }

  /** Resolves with the host's answer to the offer. */
  to(offer: SentOffer): Promise<Answer> {
    const waiting = this.#waiting = { offer, ...Promise.withResolvers<Answer>() };
    // Whoever asks may have given up already.
    waiting.promise.catch(() => {});
    if (this.#error) waiting.reject(this.#error);
    return waiting.promise;
  }

  async #take(text: string): Promise<void> {
    try {
      const message = parseRelayMessage(text);
      if (message.kind === "error") return this.#fail(relayError(message));
      const signal = parseSignal(message.data);
      if (signal.type === "sealed-answer") await this.#open(signal);
      if (signal.type === "refused") await this.#hear(signal);
    } catch (error) {
      // Anybody at the relay can send anything.
      console.warn("lighthouse-tunnel ignores a message of the relay:", error);
    }
  }

  async #open(signal: SealedAnswer): Promise<void> {
    const waiting = this.#waiting;
    if (!waiting) return;
    try {
      waiting.resolve(await waiting.offer.openAnswer(signal));
    } catch (error) {
      // The host's own may follow, where this one was put in front of it.
      setTimeout(() => waiting.reject(forged(error)), FORGED_MS);
      throw error;
    }
  }

  /** A refusal that nobody has sealed: it ends the attempt, which whoever sent it could do anyway. */
  async #hear(refusal: PlainRefusal): Promise<void> {
    this.#fail(await plainRefusal(refusal, this.#identity));
  }

  #fail(error: LighthouseError): void {
    this.#error = error;
    this.#waiting?.reject(error);
  }
}

/** Closes a socket, once it is open: browsers warn in the console where it never was. */
function hangUp(socket: WebSocket): void {
  if (socket.readyState === WebSocket.CONNECTING) {
    socket.addEventListener("open", () => socket.close());
  } else {
    socket.close();
  }
}

/** @throws {LighthouseError} `relay-unreachable` where Firefox says at once that the page's policy forbids it. */
function openSocket(relay: URL): WebSocket {
  try {
    return new WebSocket(relay);
  } catch (cause) {
    throw forbidden(cause);
  }
}

function openingOf(socket: WebSocket): Promise<void> {
  const { promise, resolve, reject } = Promise.withResolvers<void>();
  const done = new AbortController();
  const { signal } = done;
  document.addEventListener("securitypolicyviolation", ({ blockedURI }) => {
    if (blockedURI === socket.url) reject(forbidden());
  }, { signal });
  socket.addEventListener("open", () => resolve(), { signal });
  // The browser tells a page nothing about why: refused origin, wrong URL and no network are one. What
  // the page's policy forbids has no `close` in Chromium.
  const fail = () =>
    setTimeout(() =>
      reject(
        new LighthouseError(
          "relay-unreachable",
          navigator.onLine
            ? `The relay cannot be reached, or refuses pages from ${location.origin}`
            : "This device has no network",
        ),
      )
    );
  socket.addEventListener("error", fail, { signal });
  socket.addEventListener("close", fail, { signal });
  promise.catch(() => {}).finally(() => done.abort());
  return promise;
}

function forbidden(cause?: unknown): LighthouseError {
  return new LighthouseError(
    "relay-unreachable",
    "The relay cannot be reached: this page's Content-Security-Policy (connect-src) does not name it",
    { cause },
  );
}

function noAnswer(): LighthouseError {
  return new LighthouseError("no-answer", "The host did not answer in time");
}

function noConnection(): LighthouseError {
  return new LighthouseError(
    "connection-failed",
    "The host answered, but no direct connection came about: a firewall, or a NAT that STUN cannot cross",
  );
}
