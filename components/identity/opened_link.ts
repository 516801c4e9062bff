// The pairing link that the page was opened with, until a host has taken it.
import { LighthouseError, type PairingLink } from "../../wire/mod.ts";
import type { Identities } from "./identity.ts";
import { type AddressBar, takeLink } from "./pairing_link.ts";

/** Holds the link. */
export class OpenedLink {
  #link: PairingLink | undefined;
  /** Why the newest link in the address is not one; reported once. */
  #error: LighthouseError | undefined;

  /** Whether there is a link that no host has taken. */
  get isHeld(): boolean {
    return this.#link !== undefined;
  }

  /** Takes a link out of the address. @returns Whether one was there, good or damaged. */
  take(page: AddressBar): boolean {
    try {
      const link = takeLink(page);
      this.#link = link ?? this.#link;
      return link !== undefined;
    } catch (error) {
      this.#error = LighthouseError.from(error, "bad-link");
      return true;
    }
  }

  /**
   * Has the link used by the next attempt. A link that is refused stays, for when the user accepts
   * another host.
   *
   * @returns Settles once the link is kept, or refused; undefined where there is no link.
   * @throws {LighthouseError} `bad-link`, once, where the address had a damaged one.
   */
  use(identities: Pick<Identities, "open">): Promise<void> | undefined {
    const [link, error] = [this.#link, this.#error];
    this.#error = undefined;
    if (error) throw error;
    if (!link) return undefined;
    const opening = identities.open(link);
    opening.then(() => {
      if (this.#link === link) this.#link = undefined;
    }, () => {});
    return opening;
  }

  /** Forgets the link. */
  drop(): void {
    this.#link = undefined;
  }
}
