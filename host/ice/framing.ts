// How TURN's messages follow each other in a stream: https://www.rfc-editor.org/rfc/rfc8656#section-2.1
//
//   0 1 2 3                                        0 1 2 3
//  +-------+-------+--------------------------+   +-------+-------+------------+- - - - - -+
//  |00 type|length |cookie, id, attributes …  |   |01 chan|length |data        |0 to 3     |
//  +-------+-------+--------------------------+   +-------+-------+------------+- - - - - -+
//  STUN: 20 bytes, then `length`                  ChannelData: 4 bytes, then `length`, padded (§12.5)
import { STUN_HEADER } from "./stun_message.ts";

const CHANNEL_HEADER = 4;

/** Most bytes of a message: both lengths have 16 bits. */
const MAX_MESSAGE = STUN_HEADER + 0xffff;

/**
 * Makes of a datagram what a stream carries: ChannelData is padded to four bytes.
 *
 * @returns Undefined for a datagram that is neither a STUN message nor ChannelData.
 */
export function frame(datagram: Buffer): Buffer | undefined {
  const length = lengthOf(datagram);
  // A datagram may have padding, too.
  if (length === undefined || length > datagram.length) return undefined;
  const padding = -length & 3;
  const message = datagram.subarray(0, length);
  return padding === 0 ? message : Buffer.concat([message, Buffer.alloc(padding)]);
}

/** Cuts a stream into messages. */
export class Unframer {
  #rest: Buffer = Buffer.alloc(0);

  /**
   * Adds bytes of the stream.
   *
   * @returns The messages that they complete, as datagrams carry them: without padding.
   * @throws {TypeError} If the stream carries anything else.
   */
  push(chunk: Buffer): Buffer[] {
    let rest = this.#rest.length === 0 ? chunk : Buffer.concat([this.#rest, chunk]);
    const messages: Buffer[] = [];
    while (rest.length >= CHANNEL_HEADER) {
      const length = lengthOf(rest);
      if (length === undefined || length > MAX_MESSAGE) {
        throw new TypeError("Cannot read the TURN server's stream: this is neither STUN nor data");
      }
      const padded = length + (-length & 3);
      if (rest.length < padded) break;
      messages.push(rest.subarray(0, length));
      rest = rest.subarray(padded);
    }
    this.#rest = rest;
    return messages;
  }
}

/** The length that a message says, with its header; undefined for anything else. */
function lengthOf(message: Buffer): number | undefined {
  if (message.length < CHANNEL_HEADER) return undefined;
  const kind = message[0]! >> 6;
  if (kind > 1) return undefined;
  return (kind === 0 ? STUN_HEADER : CHANNEL_HEADER) + message.readUInt16BE(2);
}
