// What each byte stream of a striped channel begins with, from the page (docs/wire.md, "Over WebTransport"):
//
//   +--------------------+---------------------+-----------------+
//   | ticket (32 bytes)  | channel (16 bytes)  | count (1 byte)  | messages ...
//   +--------------------+---------------------+-----------------+
import { LighthouseError } from "../error.ts";

export const TICKET_BYTES = 32;
const CHANNEL_BYTES = 16;

/** Bytes of a preamble. */
export const PREAMBLE_BYTES = TICKET_BYTES + CHANNEL_BYTES + 1;

/** Most byte streams of a channel. */
export const MAX_STRIPES = 8;

/** Says which channel a stream is part of. */
export interface StripePreamble {
  /** From the host's answer, 32 bytes: shows that the page is the one that was answered. */
  ticket: Uint8Array;
  /** Names the channel, 16 random bytes. */
  channel: Uint8Array;
  /** Streams of the channel. */
  count: number;
}

/** Writes a preamble. */
export function encodePreamble(
  { ticket, channel, count }: StripePreamble,
): Uint8Array<ArrayBuffer> {
  const bytes = new Uint8Array(PREAMBLE_BYTES);
  bytes.set(ticket);
  bytes.set(channel, TICKET_BYTES);
  bytes[PREAMBLE_BYTES - 1] = count;
  return bytes;
}

/**
 * Reads a preamble.
 *
 * @param bytes {@linkcode PREAMBLE_BYTES} of them.
 * @throws {LighthouseError} `bad-frame` if no channel has as many streams.
 */
export function decodePreamble(bytes: Uint8Array): StripePreamble {
  const count = bytes[PREAMBLE_BYTES - 1]!;
  if (count < 1 || count > MAX_STRIPES) {
    throw new LighthouseError(
      "bad-frame",
      `A channel has 1 to ${MAX_STRIPES} streams, not ${count}`,
    );
  }
  const end = TICKET_BYTES + CHANNEL_BYTES;
  return {
    ticket: bytes.subarray(0, TICKET_BYTES),
    channel: bytes.subarray(TICKET_BYTES, end),
    count,
  };
}

/** A name for a new channel. */
export function newChannelName(): Uint8Array<ArrayBuffer> {
  return crypto.getRandomValues(new Uint8Array(CHANNEL_BYTES));
}
