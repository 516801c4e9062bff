// Sessions that begin in their page's offer: the answer brings what the backend says in time
// (docs/connecting.md, "First messages").
import {
  type EarlyChannel,
  type EarlyMessages,
  earlyProofOf,
  LighthouseError,
  type Session,
} from "../../wire/mod.ts";
import { FreshSecrets } from "../access/fresh_secrets.ts";
import type { Admission, EarlyAdmission } from "../access/gate.ts";
import type { Principal } from "../access/principal.ts";
import { type Resumption, Resumptions } from "../access/resumption.ts";
import type { Log } from "../platform/log.ts";
import type { Sessions } from "./sessions.ts";

/** Options of {@linkcode EarlyStarts}. */
export interface EarlyStartsOptions {
  sessions: Pick<Sessions, "takeEarly">;
  /** Most that an answer waits for the backend, in milliseconds. 0: pages get no secrets. */
  wait: () => number;
  /** Whether the host holds cookies for a stranger. @default it does not */
  hasCookies?: (stranger: Principal) => boolean;
  log: Log;
}

/** The secrets of pages, and what they bring. */
export class EarlyStarts {
  readonly #options: EarlyStartsOptions;
  readonly #resumptions = new Resumptions();
  readonly #fresh = new FreshSecrets();

  constructor(options: EarlyStartsOptions) {
    this.#options = options;
  }

  /** Makes a secret for a device's next offer. */
  give(device: string): Uint8Array<ArrayBuffer> | undefined {
    return this.#options.wait() > 0 ? this.#resumptions.give(device) : undefined;
  }

  /** Forgets the secrets of a principal. */
  forget(id: string): void {
    this.#resumptions.forget(id);
    this.#fresh.forget(id);
  }

  /**
   * Takes the first messages of an offer.
   *
   * @returns The host's own, for which the backend has some time; undefined if the page's were not taken, and
   * are to be sent again.
   */
  async take({ early, principal }: Pick<Admission, "early" | "principal">): Promise<
    EarlyMessages | undefined
  > {
    const { sessions, wait, log } = this.#options;
    const resumption = early && wait() > 0 && this.#secretOf(early, principal);
    if (!resumption) return undefined;
    const { secret } = resumption;
    try {
      const [messages, proof] = await Promise.all([
        early.openEarly(secret),
        earlyProofOf(secret),
      ]);
      // The device was revoked meanwhile.
      if (resumption.isOver) return undefined;
      const taken = await sessions.takeEarly(messages, { principal, proof }, resumption);
      if (!taken) return undefined;
      const { session, channel } = taken;
      const answered = untilAnswered(session, channel, wait());
      return {
        secret,
        take: async (room) => {
          await answered;
          return channel.take(room);
        },
      };
    } catch (error) {
      const { code, message } = LighthouseError.from(error, "bad-frame");
      log("warn", "page-refused", `a page's first messages were not taken: ${message}`, { code });
      return undefined;
    }
  }

  #secretOf(early: EarlyAdmission, principal: Principal): Resumption | undefined {
    if ("ticket" in early) return this.#resumptions.take(principal.id, early.ticket);
    const { hasCookies } = this.#options;
    // Who has the host's key can offer in a stranger's name: such an offer must be worth nothing more.
    const isKnown = principal.name === undefined && hasCookies?.(principal);
    return this.#fresh.take(principal, isKnown ? { ...early.fresh, begins: "none" } : early.fresh);
  }
}

/** Resolves when nothing more can go into the answer, or nothing more is asked; after `ms` in any case. */
function untilAnswered(session: Session, channel: EarlyChannel, ms: number): Promise<void> {
  const { promise, resolve } = Promise.withResolvers<void>();
  const timer = setTimeout(resolve, ms);
  const look = () => {
    if (!session.isAwaited || channel.isFull) resolve();
  };
  channel.onqueued = look;
  // What a resumed session has to send again is packed in a turn of its own.
  setImmediate(look);
  return promise.finally(() => clearTimeout(timer));
}
