// Counts the body of a request whose length the page does not know. Many servers read a body by its
// Content-Length only: to WSGI servers, http.server and programs like CGI a chunked one is empty.
import { LighthouseError } from "../../wire/mod.ts";
import type { Share } from "../access/memory.ts";

/** Longest body that is counted before it goes out, in bytes. A longer one goes out in chunks. */
const MAX_COUNTED = 1024 * 1024;

/** A body, with its length in bytes if it has ended before 1 MiB. */
export interface CountedBody {
  body: ReadableStream<Uint8Array>;
  length: number | undefined;
}

/**
 * Reads a body until its end, or until it is longer than 1 MiB.
 *
 * @param share Takes the bytes that are held. They are given back as the result is read, or cancelled.
 * @param signal Gives the body up while it is counted.
 * @throws {LighthouseError} `host-busy` if the share cannot grow; the signal's reason, or the body's own.
 */
export async function countBody(
  body: ReadableStream<Uint8Array>,
  share: Share,
  signal: AbortSignal,
): Promise<CountedBody> {
  const reader = body.getReader();
  const held: Uint8Array[] = [];
  const letGo = (reason: unknown) => {
    held.length = 0;
    share.give();
    return reader.cancel(reason);
  };
  const abort = () => void letGo(signal.reason).catch(() => {});
  signal.addEventListener("abort", abort);
  let length = 0;
  let isWhole = false;
  try {
    while (length <= MAX_COUNTED) {
      const { done, value } = await reader.read();
      signal.throwIfAborted();
      isWhole = done;
      if (done) break;
      share.claim(value.length);
      length += value.length;
      held.push(value);
    }
  } catch (error) {
    letGo(error).catch(() => {});
    throw LighthouseError.from(error, "aborted");
  } finally {
    signal.removeEventListener("abort", abort);
  }

  const counted = new ReadableStream<Uint8Array>({
    async pull(controller) {
      const first = held.shift();
      if (first) {
        share.give(first.length);
        return controller.enqueue(first);
      }
      const { done, value } = isWhole ? { done: true } : await reader.read();
      if (done) controller.close();
      else controller.enqueue(value!);
    },
    cancel: letGo,
  }, { highWaterMark: 0 });
  return { body: counted, length: isWhole ? length : undefined };
}
