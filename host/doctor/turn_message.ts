// The STUN messages (RFC 8489) with which a client asks a TURN server for an allocation (RFC 8656 §7).
import { createHash } from "node:crypto";
import {
  attributesOf,
  formatStun,
  isAnswerTo,
  macOf,
  MESSAGE_INTEGRITY,
  USERNAME,
  withAttribute,
} from "../ice/stun_message.ts";

/** Types of requests. */
export const ALLOCATE = 0x0003;
export const REFRESH = 0x0004;

/** The bits of a type that make it an error response. */
const ERROR = 0x0110;

/** Types of attributes (RFC 8489 §18.3, RFC 8656 §18). */
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
  const empty = formatStun(type);
  const request = type === ALLOCATE
    ? withAttribute(empty, REQUESTED_TRANSPORT, UDP)
    : withAttribute(empty, LIFETIME, Buffer.alloc(4));
  if (!by) return request;
  const { username, credential, realm, nonce } = by;
  let message = withAttribute(request, USERNAME, Buffer.from(username));
  message = withAttribute(message, REALM, realm);
  message = withAttribute(message, NONCE, nonce);
  // The long-term credential (RFC 8489 §9.2.2).
  const key = createHash("md5").update(`${username}:`).update(realm).update(`:${credential}`);
  return withAttribute(message, MESSAGE_INTEGRITY, macOf(message, key.digest()));
}

/** Reads the answer to a request; undefined for any other message. */
export function parseTurnAnswer(message: Buffer, request: Buffer): TurnAnswer | undefined {
  if (!isAnswerTo(message, request)) return undefined;
  const attributes = attributesOf(message);
  const [realm, nonce, error] = [REALM, NONCE, ERROR_CODE].map((type) => attributes.get(type));
  const challenge = realm && nonce && { realm, nonce };
  if ((message.readUInt16BE(0) & ERROR) !== ERROR) return { code: 0, reason: "", challenge };
  // Class and number (RFC 8489 §14.8); then the words.
  const code = error && error.length >= 4 ? (error[2]! & 7) * 100 + error[3]! : 500;
  const reason = error?.toString("utf8", 4).replace(/[^\x20-\x7e]/g, "").slice(0, 80) ?? "";
  return { code, reason, challenge };
}
