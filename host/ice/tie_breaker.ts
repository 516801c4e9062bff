// Works around libjuice#355. Chromium's checks over TURN by TCP have the tie-breaker 0, which RFC 8445 §7.1.2
// allows. libjuice takes 0 for a missing attribute, and refuses the check (400). So a check that arrives
// with 0 goes on to libjuice with 1, signed anew. The tie-breaker matters only where both ends claim the same
// role, which does not happen: the page offers, so it controls.
//
// Only a check that is signed with the password of this host's connection is changed, so that nothing gets a
// signature that had none. To be removed with node-datachannel's update to a libjuice that has its fix.
import { createHmac, timingSafeEqual } from "node:crypto";
import { crc32 } from "node:zlib";

/** The types of a Data indication (RFC 8656 §18) and of a Binding request (RFC 8489 §18.1). */
const DATA_INDICATION = 0x0017;
const BINDING_REQUEST = 0x0001;

const MAGIC_COOKIE = 0x2112a442;
const STUN_HEADER = 20;
const CHANNEL_HEADER = 4;

const USERNAME = 0x0006;
const MESSAGE_INTEGRITY = 0x0008;
const DATA = 0x0013;
const FINGERPRINT = 0x8028;
const ICE_CONTROLLING = 0x802a;

/** Length of an attribute's header, of MESSAGE-INTEGRITY's value, and what FINGERPRINT is XORed with (§14.7). */
const ATTRIBUTE_HEADER = 4;
const MAC_BYTES = 20;
const FINGERPRINT_XOR = 0x5354554e;

const ZERO = Buffer.alloc(8);

/**
 * Changes the tie-breaker in a message of a TURN server, in its memory, if it brings such a check.
 *
 * @param passwordOf Finds the ICE password of a connection of this host by its user name fragment.
 */
export function mendTieBreaker(
  message: Buffer,
  passwordOf: (ufrag: string) => string | undefined,
): void {
  const check = payloadOf(message);
  if (!check || !isStun(check, BINDING_REQUEST)) return;
  const { [ICE_CONTROLLING]: tieBreaker, [USERNAME]: username, [MESSAGE_INTEGRITY]: mac } =
    attributesOf(check);
  if (!tieBreaker?.equals(ZERO) || !username || mac?.length !== MAC_BYTES) return;
  const password = passwordOf(username.toString("latin1").split(":", 1)[0]!);
  if (password === undefined || !timingSafeEqual(sign(check, mac, password), mac)) return;
  tieBreaker[7] = 1;
  sign(check, mac, password).copy(mac);
  fingerprint(check);
  if (isStun(message, DATA_INDICATION)) fingerprint(message);
}

/** Writes FINGERPRINT anew, if there is one: the CRC of what is before it (§14.7). */
function fingerprint(message: Buffer): void {
  const print = attributesOf(message)[FINGERPRINT];
  if (print?.length !== 4) return;
  const end = print.byteOffset - message.byteOffset - ATTRIBUTE_HEADER;
  print.writeUInt32BE((crc32(message.subarray(0, end)) ^ FINGERPRINT_XOR) >>> 0);
}

/** What a peer has sent, from a Data indication or ChannelData. */
function payloadOf(message: Buffer): Buffer | undefined {
  if (message.length < CHANNEL_HEADER) return undefined;
  if (message[0]! >> 6 === 1) return message.subarray(CHANNEL_HEADER);
  return isStun(message, DATA_INDICATION) ? attributesOf(message)[DATA] : undefined;
}

function isStun(message: Buffer, type: number): boolean {
  return message.length >= STUN_HEADER && message.readUInt16BE(0) === type &&
    message.readUInt32BE(4) === MAGIC_COOKIE;
}

/** The attributes' values by type, as parts of the message; of several of a type, the first. */
function attributesOf(message: Buffer): Record<number, Buffer | undefined> {
  const found: Record<number, Buffer> = {};
  for (let at = STUN_HEADER; at + ATTRIBUTE_HEADER <= message.length;) {
    const length = message.readUInt16BE(at + 2);
    const start = at + ATTRIBUTE_HEADER;
    if (start + length > message.length) break;
    found[message.readUInt16BE(at)] ??= message.subarray(start, start + length);
    at = start + length + (-length & 3);
  }
  return found;
}

/** MESSAGE-INTEGRITY (RFC 8489 §14.5): of what is before it, with a length that ends with it. */
function sign(message: Buffer, mac: Buffer, password: string): Buffer {
  const end = mac.byteOffset - message.byteOffset;
  const signed = Buffer.from(message.subarray(0, end - ATTRIBUTE_HEADER));
  signed.writeUInt16BE(end + MAC_BYTES - STUN_HEADER, 2);
  return createHmac("sha1", password).update(signed).digest();
}
