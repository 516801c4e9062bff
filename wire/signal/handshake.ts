// The page's side of getting let in: it seals an offer, sends it to the host through the relay, and
// reads what comes back. Anybody at the relay can send anything, so each reply says who vouches for it.
// The caller owns the connection to the relay, the clock and the patience.
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

/** Why there is no answer, in the words of whoever says it. */
export interface UnsealedRefusal {
  code: ErrorCode;
  message: string;
  /** SHA-256 of the key of whoever refuses, in base64url. */
  hostKey?: string;
}

/** What came back for an offer, by who vouches for it. */
export type Reply =
  /** Sealed for this offer, so the host wrote it: it accepts, with the session's proof, or refuses. */
  | { by: "host"; answer: Answer }
  /** Unsealed: the host cannot seal for a device that it does not know, and anybody can write such. */
  | { by: "anybody"; refused: UnsealedRefusal }
  /** The relay, or API Gateway in front of it. */
  | { by: "relay"; refused: UnsealedRefusal };

/**
 * Reads a message of the relay as the reply to an offer.
 *
 * @throws {LighthouseError} where it is none: `bad-seal` for an answer that the host has not sealed for
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
export interface HandshakeOptions extends Pick<SealOfferOptions, "hostKey" | "device" | "sender"> {
  /** May still come: most of the sealing is done while it is awaited. */
  offer: Offer | Promise<Offer>;
  /** Sends the sealed offer to the host, in an envelope. */
  send: (signal: SealedOffer) => void;
}

/** One offer on its way to the host, or the same offer again. */
export class Handshake {
  readonly #options: HandshakeOptions;
  #waiting: { offer: SentOffer; resolve: (reply: Reply) => void } | undefined;

  constructor(options: HandshakeOptions) {
    this.#options = options;
    // It may fail before `ask` awaits it.
    Promise.resolve(options.offer).catch(() => {});
  }

  /**
   * Seals the offer, sends it, and waits for the reply, for as long as that takes.
   *
   * @param time Milliseconds since 1970, by the host's clock as far as it is known.
   * @throws {LighthouseError} as {@linkcode sealOffer} does; what the offer rejects with.
   */
  async ask(time: number): Promise<Reply> {
    const { offer, send, hostKey, device, sender } = this.#options;
    const sealed = await sealOffer(offer, { hostKey, device, sender, time });
    const { promise, resolve } = Promise.withResolvers<Reply>();
    this.#waiting = { offer: sealed, resolve };
    send(sealed.signal);
    return await promise;
  }

  /**
   * Takes a message of the relay.
   *
   * @throws {LighthouseError} as {@linkcode readReply} does: the wait goes on.
   */
  async receive(message: RelayMessage): Promise<void> {
    const waiting = this.#waiting;
    waiting?.resolve(await readReply(message, waiting.offer));
  }
}
