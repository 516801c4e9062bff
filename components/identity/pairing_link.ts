// Takes a pairing link out of the address bar, before anybody copies it from there.
import { type PairingLink, parsePairingFragment } from "../../wire/mod.ts";

/** What is used of a window. */
export interface AddressBar {
  location: Pick<Location, "hash" | "pathname" | "search">;
  history: Pick<History, "replaceState" | "state">;
}

/**
 * The pairing link in the window's address, which is then without it; undefined where there is none.
 * What the browser keeps of the visit is the address without it, too.
 *
 * @throws {LighthouseError} `bad-link` where it is not a whole one. It is taken away all the same.
 */
export function takeLink({ location, history }: AddressBar): PairingLink | undefined {
  const { hash, pathname, search } = location;
  // Whatever is under this name: a damaged link may be most of a good one.
  if (!/^#lighthouse(?:=|$)/.test(hash)) return undefined;
  history.replaceState(history.state, "", pathname + search);
  return parsePairingFragment(hash);
}
