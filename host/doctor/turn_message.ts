// The STUN messages (RFC 8489) with which a client asks a TURN server for an allocation (RFC 8656 §7).
import { createHash, createHmac, randomBytes } from "node:crypto";

/** Types of requests. */
export const ALLOCATE = 0x0003;
export const REFRESH = 0x0004;

const MAGIC_COOKIE = 0x2112a442;
const HEADER_BYTES = 20;
/** The bits of a type that make it an error response. */
const ERROR = 0x0110;

const USERNAME = 0x0006;
const MESSAGE_INTEGRITY = 0x0008;
const ERROR_CODE = 0x0009;
const LIFETIME = 0x000d;
const REALM = 0x0014;
const NONCE = 0x0015;
const REQUESTED_TRANSPORT = 0x0019;

/** The server relays UDP, also for clients that come by TCP. */
const UDP = Buffer.from([17, 0, 0, 0]);

/** A server's user and password. */
export interface TurnCredentials {
  username: string;
  credential: string;
}

/** The server's part of a credential. */
export interface Challenge {
  realm: Buffer;
  nonce: Buffer;
}

/** An answer. */
export interface TurnAnswer {
  /** 0 for success, else the error (RFC 8656 §19). */
  code: number;
  /** The error's words, printable. */
  reason: string;
  challenge: Challenge | undefined;
}

/**
 * Makes a request: for an allocation, or for its end.
 *
 * @param by Signs the request.
 */
export function formatRequest(
  type: typeof ALLOCATE | typeof REFRESH,
  by?: TurnCredentials & Challenge,
): Buffer {
  const header = Buffer.alloc(HEADER_BYTES);
  header.writeUInt16BE(type, 0);
  header.writeUInt32BE(MAGIC_COOKIE, 4);
  randomBytes(12).copy(header, 8);
  const own = type === ALLOCATE
    ? attribute(REQUESTED_TRANSPORT, UDP)
    : attribute(LIFETIME, Buffer.alloc(4));
  if (!by) return withLength(Buffer.concat([header, own]), 0);
  const { username, credential, realm, nonce } = by;
  const message = Buffer.concat([
    header,
    own,
    attribute(USERNAME, Buffer.from(username)),
    attribute(REALM, realm),
    attribute(NONCE, nonce),
  ]);
  // The long-term credential (RFC 8489 §9.2.2). The length counts MESSAGE-INTEGRITY already.
  const key = createHash("md5").update(`${username}:`).update(realm).update(`:${credential}`);
  const signed = withLength(message, 24);
  const mac = createHmac("sha1", key.digest()).update(signed).digest();
  return Buffer.concat([signed, attribute(MESSAGE_INTEGRITY, mac)]);
}

/** Reads the answer to a request; undefined for any other message. */
export function parseTurnAnswer(message: Buffer, request: Buffer): TurnAnswer | undefined {
  if (message.length < HEADER_BYTES || !isSame(message, request, 4, HEADER_BYTES)) return undefined;
  const attributes = new Map<number, Buffer>();
  const end = Math.min(message.length, HEADER_BYTES + message.readUInt16BE(2));
  for (let at = HEADER_BYTES; at + 4 <= end;) {
    const length = message.readUInt16BE(at + 2);
    attributes.set(
      message.readUInt16BE(at),
      message.subarray(at + 4, Math.min(at + 4 + length, end)),
    );
    at += 4 + length + (-length & 3);
  }
  const [realm, nonce, error] = [REALM, NONCE, ERROR_CODE].map((type) => attributes.get(type));
  const challenge = realm && nonce && { realm, nonce };
  if ((message.readUInt16BE(0) & ERROR) !== ERROR) return { code: 0, reason: "", challenge };
  // Class and number (RFC 8489 §14.8); then the words.
  const code = error && error.length >= 4 ? (error[2]! & 7) * 100 + error[3]! : 500;
  const reason = error?.toString("utf8", 4).replace(/[^\x20-\x7e]/g, "").slice(0, 80) ?? "";
  return { code, reason, challenge };
}

function attribute(type: number, value: Buffer): Buffer {
  const bytes = Buffer.alloc(4 + value.length + (-value.length & 3));
  bytes.writeUInt16BE(type, 0);
  bytes.writeUInt16BE(value.length, 2);
  value.copy(bytes, 4);
  return bytes;
}

function withLength(message: Buffer, more: number): Buffer {
  message.writeUInt16BE(message.length - HEADER_BYTES + more, 2);
  return message;
}

function isSame(a: Buffer, b: Buffer, from: number, to: number): boolean {
  return a.subarray(from, to).equals(b.subarray(from, to));
}
