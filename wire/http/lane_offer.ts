// Offers of further carriers inside their session (docs/wire.md, "Several carriers at once"): both
// heads of such a stream are session descriptions.
import { LighthouseError } from "../error.ts";
import type { Stream } from "../session/stream.ts";
import { MAX_SDP } from "../signal/signal.ts";
import type { StreamOpener } from "./http.ts";

/** The first byte of SDP (RFC 8866 §5.1). A request's head is JSON and begins with another. */
const FIRST_BYTE = 0x76;

/**
 * Offers the host another connection.
 *
 * @param sdp The offer, with all candidates.
 * @returns The answer.
 * @throws {LighthouseError} The host's reason for a reset, such as `host-busy` or `bad-offer`; the
 * signal's reason when aborted.
 */
export async function sendOffer(
  session: StreamOpener,
  sdp: string,
  signal: AbortSignal,
): Promise<string> {
  const stream = session.open(new TextEncoder().encode(sdp));
  const abort = () =>
    stream.reset(new LighthouseError("aborted", "The page gave up"), signal.reason);
  signal.addEventListener("abort", abort);
  try {
    stream.end();
    return textOf(await stream.head);
  } finally {
    signal.removeEventListener("abort", abort);
  }
}

/** Whether a stream's head is an offer: the host's `onStream` asks. */
export function isOffer(head: Uint8Array): boolean {
  return head[0] === FIRST_BYTE;
}

/**
 * Answers the offer that arrives on a stream.
 *
 * @param answer Gives the answer to an offer. Its error resets the stream.
 */
export async function serveOffer(
  stream: Stream,
  answer: (sdp: string) => Promise<string>,
): Promise<void> {
  try {
    stream.sendHead(new TextEncoder().encode(await answer(textOf(await stream.head))));
    stream.end();
    stream.ignore();
  } catch (error) {
    stream.reset(LighthouseError.from(error, "bad-offer"));
  }
}

function textOf(head: Uint8Array): string {
  if (head.length <= MAX_SDP && isOffer(head)) return new TextDecoder().decode(head);
  throw new LighthouseError(
    "bad-offer",
    `Cannot take the head: it is no SDP of up to ${MAX_SDP} bytes`,
  );
}
