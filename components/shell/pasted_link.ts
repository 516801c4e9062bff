// Reads the pairing link that somebody has pasted, or a camera has seen.
import { LighthouseError, parsePairingFragment } from "../../wire/mod.ts";

/**
 * Finds the pairing link's fragment in a text: a whole link, with words around it or without, or the
 * fragment only.
 *
 * @returns The fragment, with its `#`.
 * @throws {LighthouseError} `bad-link` if there is none, or a damaged one.
 */
export function fragmentIn(text: string): string {
  // A terminal breaks a long link into lines, and a message may quote it.
  const joined = text.replaceAll(/\s+/g, "");
  const fragment = /#?lighthouse=[\w-]*/.exec(joined)?.[0].replace(/^#?/, "#");
  if (fragment === undefined) {
    throw new LighthouseError("bad-link", "This is no pairing link: one has “#lighthouse=” in it");
  }
  parsePairingFragment(fragment);
  return fragment;
}
