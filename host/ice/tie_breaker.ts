// Works around libjuice#355. Chromium's checks over TURN by TCP have the tie-breaker 0, which RFC 8445 §7.1.2
// allows. libjuice takes 0 for a missing attribute, and refuses the check (400). So a check that arrives
// with 0 goes on to libjuice with 1, signed anew. The tie-breaker matters only where both ends claim the same
// role, which does not happen: the page offers, so it controls.
//
// Only a check that is signed with the password of this host's connection is changed, so that nothing gets a
// signature that had none. To be removed with node-datachannel's update to a libjuice that has its fix.
import { timingSafeEqual } from "node:crypto";
import { crc32 } from "node:zlib";
import {
  ATTRIBUTE_HEADER,
  attributesOf,
  BINDING_REQUEST,
  isStun,
  MAC_BYTES,
  macOf,
  MESSAGE_INTEGRITY,
  USERNAME,
} from "./stun_message.ts";

/** The type of a Data indication (RFC 8656 §18). */
const DATA_INDICATION = 0x0017;

const CHANNEL_HEADER = 4;

/** Types of attributes (RFC 8489 §18.3, RFC 8656 §18, RFC 8445 §16.1). */
const DATA = 0x0013;
const FINGERPRINT = 0x8028;
const ICE_CONTROLLING = 0x802a;

/** What FINGERPRINT is XORed with (RFC 8489 §14.7). */
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
  const attributes = attributesOf(check);
  const [tieBreaker, username, mac] = [ICE_CONTROLLING, USERNAME, MESSAGE_INTEGRITY]
    .map((type) => attributes.get(type));
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
  const print = attributesOf(message).get(FINGERPRINT);
  if (print?.length !== 4) return;
  const end = print.byteOffset - message.byteOffset - ATTRIBUTE_HEADER;
  print.writeUInt32BE((crc32(message.subarray(0, end)) ^ FINGERPRINT_XOR) >>> 0);
}

/** What a peer has sent, from a Data indication or ChannelData. */
function payloadOf(message: Buffer): Buffer | undefined {
  if (message.length < CHANNEL_HEADER) return undefined;
  if (message[0]! >> 6 === 1) return message.subarray(CHANNEL_HEADER);
  return isStun(message, DATA_INDICATION) ? attributesOf(message).get(DATA) : undefined;
}

/** The MESSAGE-INTEGRITY of a message that has one, under a password. */
function sign(message: Buffer, mac: Buffer, password: string): Buffer {
  const end = mac.byteOffset - message.byteOffset - ATTRIBUTE_HEADER;
  return macOf(message.subarray(0, end), password);
}
