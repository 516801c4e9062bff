// Reads and writes STUN messages (RFC 8489 §5 and §14), TURN's among them.
//
//   0      2      4              8                     20
//  +------+------+--------------+---------------------+------+------+------------+- - - - - -+
//  | type |length| cookie       | transaction id      | type |length| value      |0 to 3     |  …
//  +------+------+--------------+---------------------+------+------+------------+- - - - - -+
//  header: `length` counts the attributes               attribute, padded to four bytes
import { createHmac, randomBytes } from "node:crypto";

/** Bytes of a message's header. */
export const STUN_HEADER = 20;

/** Bytes of an attribute's header, and of the value of MESSAGE-INTEGRITY. */
export const ATTRIBUTE_HEADER = 4;
export const MAC_BYTES = 20;

/** The type of a Binding request, which ICE's checks are (RFC 8489 §18.1). */
export const BINDING_REQUEST = 0x0001;

/** Types of attributes (RFC 8489 §18.3). */
export const USERNAME = 0x0006;
export const MESSAGE_INTEGRITY = 0x0008;

const MAGIC_COOKIE = 0x2112a442;

/** Whether a datagram is a STUN message of the type. */
export function isStun(message: Buffer, type: number): boolean {
  return message.length >= STUN_HEADER && message.readUInt16BE(0) === type &&
    message.readUInt32BE(4) === MAGIC_COOKIE;
}

/** Whether a message is the answer to a request: cookie and transaction id are the same. */
export function isAnswerTo(message: Buffer, request: Buffer): boolean {
  return message.length >= STUN_HEADER &&
    message.subarray(4, STUN_HEADER).equals(request.subarray(4, STUN_HEADER));
}

/**
 * Reads the attributes of a message, up to the first that is cut off. Of several of one type, the first
 * counts (§14).
 *
 * @returns The values by type, as parts of the message's own memory.
 */
export function attributesOf(message: Buffer): Map<number, Buffer> {
  const found = new Map<number, Buffer>();
  if (message.length < STUN_HEADER) return found;
  const end = Math.min(message.length, STUN_HEADER + message.readUInt16BE(2));
  for (let at = STUN_HEADER; at + ATTRIBUTE_HEADER <= end;) {
    const type = message.readUInt16BE(at);
    const length = message.readUInt16BE(at + 2);
    const start = at + ATTRIBUTE_HEADER;
    if (start + length > end) break;
    if (!found.has(type)) found.set(type, message.subarray(start, start + length));
    at = start + length + (-length & 3);
  }
  return found;
}

/** Makes a message without attributes, with a random transaction id. */
export function formatStun(type: number): Buffer {
  const header = Buffer.alloc(STUN_HEADER);
  header.writeUInt16BE(type, 0);
  header.writeUInt32BE(MAGIC_COOKIE, 4);
  randomBytes(12).copy(header, 8);
  return header;
}

/** Makes a message of another one and an attribute behind its others. */
export function withAttribute(message: Buffer, type: number, value: Buffer): Buffer {
  const attribute = Buffer.alloc(ATTRIBUTE_HEADER + value.length + (-value.length & 3));
  attribute.writeUInt16BE(type, 0);
  attribute.writeUInt16BE(value.length, 2);
  value.copy(attribute, ATTRIBUTE_HEADER);
  const longer = Buffer.concat([message, attribute]);
  longer.writeUInt16BE(longer.length - STUN_HEADER, 2);
  return longer;
}

/**
 * Computes MESSAGE-INTEGRITY (§14.5): an HMAC of the bytes before it, with a length in the header that
 * counts MESSAGE-INTEGRITY already.
 *
 * @param before The message up to the attribute. It is not changed.
 * @param key A short-term password, or the key of a long-term credential (§9.2.2).
 */
export function macOf(before: Buffer, key: string | Buffer): Buffer {
  const signed = Buffer.from(before);
  signed.writeUInt16BE(before.length + ATTRIBUTE_HEADER + MAC_BYTES - STUN_HEADER, 2);
  return createHmac("sha1", key).update(signed).digest();
}
