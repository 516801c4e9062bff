// One attempt to reach the host: one message out, one in, then the WebSocket is closed again.
import {
  formatSendSignal,
  LighthouseError,
  parseRelayMessage,
  parseSignal,
  Session,
} from "../wire/mod.ts";
import { createPeer, type Peer } from "./peer.ts";

/** Where the host is to be found. */
export interface DialSettings {
  /** The relay's WebSocket URL. */
  relay: URL;
  /** STUN servers, `stun:host:port` each. */
  stun: string[];
}

/** Options of {@linkcode dial}. */
export interface DialOptions {
  /** Called when the host has answered, and the connection itself is being made. */
  onAnswer: () => void;
  /** Gives up. */
  signal: AbortSignal;
}

/** A connection to the host. */
export interface Line {
  session: Session;
  peer: Peer;
}

/** Time until the host's answer, and from there to the open channel, in milliseconds. */
const ANSWER_MS = 10_000;
const OPEN_MS = 15_000;

/**
 * Connects to the host. Candidates are gathered while the WebSocket opens.
 *
 * @throws {LighthouseError} what the relay or the host answered (`host-offline`, `host-busy`, …), or
 * `relay-unreachable`, `no-answer`, `connection-failed`, `unsupported`; the signal's reason when
 * aborted.
 */
export async function dial(settings: DialSettings, options: DialOptions): Promise<Line> {
  const { signal, onAnswer } = options;
  signal.throwIfAborted();
  if (typeof RTCPeerConnection === "undefined") {
    throw new LighthouseError("unsupported", "This browser has no WebRTC, or it is switched off");
  }
  const peer = createPeer({ stun: settings.stun });
  const socket = new WebSocket(settings.relay);
  const trouble = Promise.withResolvers<never>();
  const giveUp = (error: unknown) => trouble.reject(error);
  const abort = () => giveUp(signal.reason);
  signal.addEventListener("abort", abort);
  let timer = setTimeout(() => giveUp(noAnswer()), ANSWER_MS);
  try {
    const answer = answerOn(socket);
    const opened = openingOf(socket);
    const [offer] = await Promise.race([Promise.all([peer.offer, opened]), trouble.promise]);
    socket.send(formatSendSignal({ data: { type: "offer", sdp: offer } }));
    peer.accept(await Promise.race([answer, trouble.promise]));

    clearTimeout(timer);
    timer = setTimeout(() => giveUp(noConnection()), OPEN_MS);
    onAnswer();
    const channel = await Promise.race([peer.channel, trouble.promise]);
    return { session: new Session(channel), peer };
  } catch (error) {
    peer.close();
    throw error;
  } finally {
    clearTimeout(timer);
    signal.removeEventListener("abort", abort);
    socket.close();
  }
}

function openingOf(socket: WebSocket): Promise<void> {
  const { promise, resolve, reject } = Promise.withResolvers<void>();
  socket.addEventListener("open", () => resolve());
  // The browser tells a page nothing about why: refused origin, wrong URL and no network are one.
  socket.addEventListener("close", () =>
    reject(
      new LighthouseError(
        "relay-unreachable",
        navigator.onLine
          ? `The relay cannot be reached, or refuses pages from ${location.origin}`
          : "This device has no network",
      ),
    ));
  promise.catch(() => {});
  return promise;
}

/** Resolves with the SDP of the host's answer. What is malformed is left out with a warning. */
function answerOn(socket: WebSocket): Promise<string> {
  const { promise, resolve, reject } = Promise.withResolvers<string>();
  socket.addEventListener("message", ({ data }) => {
    try {
      const message = parseRelayMessage(String(data));
      if (message.kind === "error") {
        return reject(new LighthouseError(message.code, message.message));
      }
      const answer = parseSignal(message.data);
      if (answer.type === "answer") resolve(answer.sdp);
      if (answer.type === "refused") reject(new LighthouseError(answer.code, answer.message));
    } catch (error) {
      console.warn("lighthouse-tunnel ignores a message of the relay:", error);
    }
  });
  socket.addEventListener("close", () =>
    reject(
      new LighthouseError("relay-unreachable", "The relay closed the connection before an answer"),
    ));
  promise.catch(() => {});
  return promise;
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
