// Puts a script first into a document's head while the document arrives.

/** Bytes within which a document's head begins. */
const MAX_HELD = 64 * 1024;

/** What may stand before a document's head (https://html.spec.whatwg.org/#the-initial-insertion-mode). */
const SPACE = /(?:\s|\xef\xbb\xbf)+/y;
const COMMENT = /<!--(?:-?>|[^]*?--!?>)/y;
const DECLARATION = /<[!?][^>]*>/y;
const HTML = /<html(?=[\s/>])(?:"[^"]*"|'[^']*'|[^>"'])*>/iy;
const HEAD = /<head(?=[\s/>])(?:"[^"]*"|'[^']*'|[^>"'])*>/iy;

/** A beginning that can still become one of these. */
const OPEN = /<(?:$|!|\?|h$|ht$|htm$|html$|he$|hea$|head$|html[\s/]|head[\s/])/iy;

/**
 * Finds where a script is the first in the head.
 *
 * @param text The document's beginning, a character for each byte.
 * @param isWhole Whether nothing follows.
 * @returns Undefined if the text ends before that is known.
 */
export function findHead(text: string, isWhole: boolean): number | undefined {
  let at = 0;
  const skip = (pattern: RegExp) => {
    pattern.lastIndex = at;
    const isThere = pattern.test(text);
    if (isThere) at = pattern.lastIndex;
    return isThere;
  };
  while (at < text.length) {
    if (skip(HEAD)) return at;
    if (skip(SPACE) || skip(COMMENT)) continue;
    const isComment = text.startsWith("<!--", at);
    if ((!isComment && skip(DECLARATION)) || skip(HTML)) continue;
    OPEN.lastIndex = at;
    return isWhole || !OPEN.test(text) ? at : undefined;
  }
  return isWhole ? at : undefined;
}

/** Inserts a tag of ASCII characters where {@linkcode findHead} says. Holds nothing back after that. */
export function insertIntoHead(tag: string): TransformStream<Uint8Array, Uint8Array> {
  let held = "";
  let isDone = false;
  const insert = (
    controller: TransformStreamDefaultController<Uint8Array>,
    isWhole: boolean,
  ) => {
    const at = findHead(held, isWhole || held.length > MAX_HELD);
    if (at === undefined) return;
    isDone = true;
    controller.enqueue(toBytes(held.slice(0, at) + tag + held.slice(at)));
    held = "";
  };
  return new TransformStream({
    transform(chunk, controller) {
      if (isDone) return controller.enqueue(chunk);
      held += toText(chunk);
      insert(controller, false);
    },
    flush(controller) {
      if (!isDone) insert(controller, true);
    },
  });
}

const STEP = 8192;

/** A character for each byte, whatever the document's encoding: those that have HTML's ASCII in them. */
function toText(bytes: Uint8Array): string {
  let text = "";
  for (let at = 0; at < bytes.length; at += STEP) {
    text += String.fromCharCode(...bytes.subarray(at, at + STEP));
  }
  return text;
}

function toBytes(text: string): Uint8Array {
  return Uint8Array.from(text, (character) => character.charCodeAt(0));
}
