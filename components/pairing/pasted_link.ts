// Reads the pairing link that somebody has pasted, or a camera has seen.
import { LighthouseError, parsePairingFragment } from "../../wire/mod.ts";
import { ENGLISH } from "../texts/english.ts";

/**
 * Finds the pairing link's fragment in a text: a whole link, with words around it or without, or the
 * fragment only.
 *
 * @returns The fragment, with its `#`.
 * @throws {LighthouseError} `bad-link` if there is none, or a damaged one.
 */
export function fragmentIn(text: string): string {
  // A message may quote the link, or a terminal may have broken it into lines.
  const found = [text, text.replaceAll(/\s+/g, "")].flatMap((each) =>
    /#?lighthouse=[\w-]*/.exec(each)?.[0].replace(/^#?/, "#") ?? []
  );
  if (found.length === 0) {
    throw new LighthouseError("bad-link", ENGLISH["not-a-link"]);
  }
  const whole = found.find(isWhole);
  if (whole === undefined) parsePairingFragment(found[0]!);
  return whole!;
}

function isWhole(fragment: string): boolean {
  try {
    return parsePairingFragment(fragment) !== undefined;
  } catch {
    return false;
  }
}
