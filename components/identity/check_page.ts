// Whether a page and its browser can connect at all. This runs in browsers far below the floor
// (docs/browsers.md), so it uses nothing that is new.
import { LighthouseError } from "../../wire/mod.ts";
import { ENGLISH } from "../texts/english.ts";

/**
 * What a browser below the floor lacks: the newest parts that pages use, in Firefox, Chrome and Safari. The
 * others are for browsers to which a page has added some.
 */
const NEEDED = [
  "AbortSignal.any",
  "Promise.withResolvers",
  "AbortSignal.timeout",
  "Array.prototype.at",
  "WritableStream",
];

/** A page's window, as far as {@linkcode checkPage} reads it. */
export interface PageContext {
  origin: string;
  isSecureContext: boolean;
  /** Without `subtle` if the browser has no cryptography. */
  crypto?: { subtle?: unknown };
}

/**
 * Checks that a page can connect at all. A page without an origin of its own, such as a sandboxed frame,
 * shares its storage with all others of the kind.
 *
 * @throws {LighthouseError} `wrong-origin` or `unsupported`.
 */
export function checkPage(page: PageContext): void {
  if (page.origin === "null") throw wrongOrigin();
  const missing = NEEDED.find((path) => isMissing(page, path));
  if (missing !== undefined) {
    const cause = new TypeError(`This browser has no ${missing}`);
    throw new LighthouseError("unsupported", ENGLISH["too-old"], { cause });
  }
  if (!page.isSecureContext) throw new LighthouseError("unsupported", ENGLISH.insecure);
  if (!(page.crypto && page.crypto.subtle)) {
    throw new LighthouseError("unsupported", ENGLISH["no-crypto"]);
  }
}

/** The error of a page that is not at the site that was paired. */
export function wrongOrigin(): LighthouseError {
  return new LighthouseError("wrong-origin", ENGLISH["no-origin"]);
}

function isMissing(page: object, path: string): boolean {
  let at: unknown = page;
  for (const name of path.split(".")) {
    at = (at as Record<string, unknown>)[name];
    if (!at) return true;
  }
  return false;
}
