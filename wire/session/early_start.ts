// The page's part of first messages in an offer: whether the host has seen them, and what follows
// (docs/connecting.md, "First messages").
import { earlyProofOf, type EarlySecret } from "../signal/early.ts";
import type { EarlySender, PageMessages } from "../signal/seal.ts";
import { Carrier } from "./carrier.ts";
import { EarlyChannel } from "./early_channel.ts";
import type { Session } from "./session.ts";

/** One offer, which may be sealed twice. */
interface Attempt {
  session: Session;
  channel: EarlyChannel;
  carrier: Carrier;
  messages: Uint8Array<ArrayBuffer>;
}

/** A secret in use: for one offer that the host sees, and for others until it answers. */
export class EarlyStart implements PageMessages {
  /** The secret; undefined if there is none. */
  readonly found: Promise<EarlySecret | undefined>;
  /** The same a turn later: requests that have waited for it have read their bodies, and are sent. */
  readonly #asked: Promise<EarlySecret | undefined>;
  readonly #session: () => Session;
  #secret: EarlySecret | undefined;
  /** The time of the first offer that the host may have seen. */
  #since = 0;
  #attempt: Attempt | undefined;
  /** Whether the host may have seen an earlier offer with the secret. */
  #isUnsure = false;
  #isSpent = false;

  /**
   * @param session The same as long as it is begun.
   * @param secret Is forgotten everywhere else. Does not reject.
   */
  constructor(session: () => Session, secret: Promise<EarlySecret | undefined>) {
    this.#session = session;
    this.found = secret;
    this.#asked = secret.then(async (found) => {
      await new Promise((resolve) => setTimeout(resolve));
      return found;
    });
  }

  get secret(): EarlySecret {
    return this.#isUnsure ? { ...this.#secret!, since: this.#since } : this.#secret!;
  }

  /** Whether the secret counts no more. */
  get isSpent(): boolean {
    return this.#isSpent;
  }

  /** Takes the session's first messages, if it has a stream and no carrier. */
  async take(
    room: number,
    { kind, time }: EarlySender,
  ): Promise<Uint8Array<ArrayBuffer> | undefined> {
    const secret = this.#secret = await this.#asked;
    // A paired device's messages count under a secret of the host's, and only these do.
    if (!secret || (secret.fresh === undefined) !== (kind === "paired")) return undefined;
    if (!this.#isUnsure) this.#since = time;
    const proof = await earlyProofOf(secret.key);
    if (this.#attempt) return this.#attempt.messages;
    const session = this.#session();
    if (this.#isSpent || session.streams === 0 || session.carriers > 0) return undefined;
    const channel = new EarlyChannel();
    const carrier = new Carrier(channel);
    session.connect(carrier, { proof, early: true }).catch(() => {});
    // The session packs in a microtask.
    await Promise.resolve();
    await Promise.resolve();
    const messages = channel.take(room);
    if (messages.length === 0) {
      // A HELLO with a long list.
      session.withdraw(carrier, true);
      return undefined;
    }
    this.#attempt = { session, channel, carrier, messages };
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
    const { session, carrier } = this.#attempt!;
    this.#attempt = undefined;
    session.withdraw(carrier, isUnseen && !this.#isUnsure);
  }
}
