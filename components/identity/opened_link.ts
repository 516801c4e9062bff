// The pairing link with which the page was opened, until a host has accepted it.
import { LighthouseError, type PairingLink } from "../../wire/mod.ts";
import type { Identities } from "./identity.ts";
import { type AddressBar, takeLink } from "./pairing_link.ts";

/** Holds the link. */
export class OpenedLink {
  #link: PairingLink | undefined;
  /** The error of a damaged link in the address; reported once. */
  #error: LighthouseError | undefined;

  /** Whether there is a link that no host has accepted. */
  get isHeld(): boolean {
    return this.#link !== undefined;
  }

  /** Takes a link out of the address. @returns Whether there was one, good or damaged. */
  take(page: AddressBar): boolean {
    try {
      const link = takeLink(page);
      if (link) this.hold(link);
      return link !== undefined;
    } catch (error) {
      this.#error = LighthouseError.from(error, "bad-link");
      return true;
    }
  }

  /**
   * Stores the link for the next attempt. A refused link stays here, in case the user accepts another
   * host.
   *
   * @returns Settles when the link is stored or refused; undefined if there is no link.
   * @throws {LighthouseError} `bad-link`, once, if the address had a damaged link.
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

  /** Takes a link that came by another way than the address. */
  hold(link: PairingLink): void {
    this.#link = link;
  }

  /** Forgets the link. */
  drop(): void {
    this.#link = undefined;
  }
}
