// The page's part of first messages in an offer: whether the host has seen them, and what follows
// (docs/connecting.md, "First messages").
import { earlyProofOf } from "../signal/early.ts";
import type { EarlyMessages } from "../signal/seal.ts";
import { Carrier } from "./carrier.ts";
import { EarlyChannel } from "./early_channel.ts";
import type { Session } from "./session.ts";

/** One offer, which may be sealed twice. */
interface Attempt {
  channel: EarlyChannel;
  carrier: Carrier;
  messages: Uint8Array<ArrayBuffer>;
}

/** A resumption secret in use: for one offer that the host sees, and for others until it answers. */
export class EarlyStart implements EarlyMessages {
  readonly secret: CryptoKey;
  readonly #session: Session;
  #attempt: Attempt | undefined;
  /** Whether the host may have seen an earlier offer with the secret. */
  #isUnsure = false;
  #isSpent = false;

  /** @param secret Is forgotten everywhere else. */
  constructor(session: Session, secret: CryptoKey) {
    this.#session = session;
    this.secret = secret;
  }

  /** Whether the secret counts no more. */
  get isSpent(): boolean {
    return this.#isSpent;
  }

  /** Takes the session's first messages, if it has a stream and no carrier. */
  async take(room: number): Promise<Uint8Array<ArrayBuffer> | undefined> {
    const proof = await earlyProofOf(this.secret);
    if (this.#attempt) return this.#attempt.messages;
    if (this.#isSpent || this.#session.streams === 0 || this.#session.carriers > 0) {
      return undefined;
    }
    const channel = new EarlyChannel();
    const carrier = new Carrier(channel);
    this.#session.connect(carrier, { proof, early: true }).catch(() => {});
    // The session packs in a microtask.
    await Promise.resolve();
    await Promise.resolve();
    const messages = channel.take(room);
    if (messages.length === 0) {
      // A HELLO with a long list.
      this.#session.withdraw(carrier, true);
      return undefined;
    }
    this.#attempt = { channel, carrier, messages };
    return messages;
  }

  /**
   * The host has answered.
   *
   * @param messages Its first messages; undefined if it has not taken the page's.
   */
  answered(messages: Uint8Array<ArrayBuffer> | undefined): void {
    if (!this.#attempt) return;
    if (messages) return this.#attempt.channel.receive(messages);
    this.#isSpent = true;
    this.#withdraw(true);
  }

  /**
   * The attempt has failed.
   *
   * @param isUnseen Whether the host has not got the offer.
   */
  failed(isUnseen: boolean): void {
    if (!this.#attempt) return;
    this.#withdraw(isUnseen);
    if (!isUnseen) this.#isUnsure = true;
  }

  #withdraw(isUnseen: boolean): void {
    const { carrier } = this.#attempt!;
    this.#attempt = undefined;
    this.#session.withdraw(carrier, isUnseen && !this.#isUnsure);
  }
}
