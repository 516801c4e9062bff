// Takes a pairing link out of the address bar, before anybody copies it.
import { type PairingLink, parsePairingFragment } from "../../wire/mod.ts";

/** A window, as far as it is used here. */
export interface AddressBar {
  location: Pick<Location, "hash" | "pathname" | "search">;
  history: Pick<History, "replaceState" | "state">;
}

/**
 * Removes the pairing link from the window's address, and from the browser's history.
 *
 * @returns The link; undefined if the address has no pairing link.
 * @throws {LighthouseError} `bad-link` if the link is damaged. It is removed all the same.
 */
export function takeLink({ location, history }: AddressBar): PairingLink | undefined {
  const { hash, pathname, search } = location;
  // Any value of this name: a damaged link may hold most of a good one.
  if (!/^#lighthouse(?:=|$)/.test(hash)) return undefined;
  history.replaceState(history.state, "", pathname + search);
  return parsePairingFragment(hash);
}
