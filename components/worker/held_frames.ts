// Holds frames of a document while it arrives.
import { FRAME_TAG, HOLD, isToHold } from "../inject/held_frames.ts";

/** Most bytes of a tag. */
const MAX_TAG = 16 * 1024;

/** The beginning of a frame's tag at the end of a chunk. */
const OPEN = /<(?:i(?:f(?:r(?:a(?:m(?:e(?:\s[^>]*)?)?)?)?)?)?)?$/i;

const START = "<iframe".length;

/**
 * Holds the frames of a document in any encoding that has ASCII in it.
 *
 * @param isMoved Whether any URL may be outside of the worker's scope.
 */
export function holdFrames(isMoved: boolean): TransformStream<Uint8Array, Uint8Array> {
  // A character for each byte.
  const decoder = new TextDecoder("latin1");
  const hold = new TextEncoder().encode(HOLD);
  let rest = new Uint8Array();
  return new TransformStream({
    transform(chunk, controller) {
      const bytes = rest.length > 0 ? concat(rest, chunk) : chunk;
      const text = decoder.decode(bytes);
      const open = OPEN.exec(text)?.index ?? bytes.length;
      const end = bytes.length - open > MAX_TAG ? bytes.length : open;
      let from = 0;
      for (const { 0: tag, index } of text.slice(0, end).matchAll(FRAME_TAG)) {
        if (!isToHold(tag, isMoved)) continue;
        controller.enqueue(bytes.subarray(from, index + START));
        controller.enqueue(hold);
        from = index + START;
      }
      if (end > from) controller.enqueue(bytes.subarray(from, end));
      rest = bytes.slice(end);
    },
    flush(controller) {
      if (rest.length > 0) controller.enqueue(rest);
    },
  });
}

function concat(a: Uint8Array, b: Uint8Array): Uint8Array {
  const both = new Uint8Array(a.length + b.length);
  both.set(a);
  both.set(b, a.length);
  return both;
}
