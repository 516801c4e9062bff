// Frames whose documents browsers ask the site's own server for, past the worker: those whose sandbox gives
// them an origin of their own, and those whose URL is outside of the worker's scope. In HTML they are held,
// and the document's script then leads them. docs/service-worker.md, "What no worker can serve".

/** The `srcdoc` of a held frame. No quotes: the tag may be in a script's string. */
export const HELD = ".";

/** A frame's tag. */
export const FRAME_TAG = /<iframe\s(?:"[^"]*"|'[^']*'|[^"'>])*>/gi;

/** Whether a frame's tag is to be held. @param isMoved Whether any URL may be outside of the scope. */
export function isToHold(tag: string, isMoved = false): boolean {
  return /\ssrc\s*=/i.test(tag) && !/\ssrcdoc\s*=/i.test(tag) &&
    (isMoved || /\ssandbox[\s=>]/i.test(tag) && !/allow-same-origin/i.test(tag));
}

/** What follows `<iframe` in the tag of a held frame. */
export const HOLD = ` srcdoc=${HELD}`;
