// The page's side of the handshake: seals an offer, sends it to the host through the relay, and reads the
// replies. Anybody at the relay can send a reply, so each says how far it can be trusted. The caller has
// the connection to the relay, the clock and the timeouts.
import { type ErrorCode, LighthouseError } from "../error.ts";
import type { RelayMessage } from "./envelope.ts";
import {
  type Answer,
  type Offer,
  sealOffer,
  type SealOfferOptions,
  type SentOffer,
} from "./seal.ts";
import { parseSignal, type SealedOffer } from "./signal.ts";

/** A refusal, with its sender's code and message. */
export interface UnsealedRefusal {
  code: ErrorCode;
  message: string;
  /** SHA-256 of the sender's key, in base64url. */
  hostKey?: string;
}

/** The reply to an offer, by how far it can be trusted. */
export type Reply =
  /** Sealed for this offer, so from the host: it accepts, with the session's proof, or refuses. */
  | { by: "host"; answer: Answer }
  /** Unsealed: the host cannot seal for an unknown device, but anybody can write such a refusal. */
  | { by: "anybody"; refused: UnsealedRefusal }
  /** An error of the relay, or of API Gateway in front of it. */
  | { by: "relay"; refused: UnsealedRefusal };

/**
 * Reads a message of the relay as the reply to an offer.
 *
 * @throws {LighthouseError} If it is not the reply: `bad-seal` for an answer that the host has not sealed for
 * this offer, `bad-message` for anything else. The host's own answer may still follow.
 */
export async function readReply(
  message: RelayMessage,
  offer: Pick<SentOffer, "openAnswer">,
): Promise<Reply> {
  if (message.kind === "error") {
    const { code, message: text } = message;
    return { by: "relay", refused: { code, message: text } };
  }
  const signal = parseSignal(message.data);
  switch (signal.type) {
    case "sealed-answer":
      return { by: "host", answer: await offer.openAnswer(signal) };
    case "refused": {
      const { code, message: text, hostKey } = signal;
      return { by: "anybody", refused: { code, message: text, hostKey } };
    }
    default:
      throw new LighthouseError("bad-message", `Expected an answer, and not a "${signal.type}"`);
  }
}

/** Options of {@linkcode Handshake}. */
export interface HandshakeOptions
  extends Pick<SealOfferOptions, "hostKey" | "device" | "sender" | "early"> {
  /** The offer's SDP. Most of the sealing is done before it arrives. */
  offer: Offer | Promise<Offer>;
  /** The page's key pair for a session through the relay, made for this offer. @default none */
  ephemeral?: Promise<CryptoKeyPair>;
  /** Sends the envelope with the sealed offer. */
  send: (signal: SealedOffer) => void;
}

/** One offer to the host. It can be sent again. */
export class Handshake {
  readonly #options: HandshakeOptions;
  #waiting: { offer: SentOffer; resolve: (reply: Reply) => void } | undefined;

  constructor(options: HandshakeOptions) {
    this.#options = options;
    // The offer may fail before `ask` awaits it.
    Promise.resolve(options.offer).catch(() => {});
  }

  /**
   * Seals the offer, sends it, and waits for the reply without a limit.
   *
   * @param time Milliseconds since 1970, by the host's clock if it is known.
   * @throws {LighthouseError} As {@linkcode sealOffer} throws, and as the offer rejects.
   */
  async ask(time: number): Promise<Reply> {
    const { offer, send, hostKey, device, sender, ephemeral, early } = this.#options;
    const keys = { hostKey, device, sender, ephemeral: await ephemeral };
    const sealed = await sealOffer(offer, { ...keys, early, time });
    const { promise, resolve } = Promise.withResolvers<Reply>();
    this.#waiting = { offer: sealed, resolve };
    send(sealed.signal);
    return await promise;
  }

  /**
   * Handles a message of the relay.
   *
   * @throws {LighthouseError} As {@linkcode readReply} throws; the wait goes on.
   */
  async receive(message: RelayMessage): Promise<void> {
    const waiting = this.#waiting;
    waiting?.resolve(await readReply(message, waiting.offer));
  }
}
