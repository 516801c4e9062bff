// The messages between page and host through the relay: the `data` of an envelope. seal.ts seals and
// opens their contents, and docs/security.md has the bytes.
import { fromBase64url } from "../base64url.ts";
import { type ErrorCode, isErrorCode, LighthouseError } from "../error.ts";
import { asRecord, asString } from "../parse.ts";
import { MAX_RELAYED_CT } from "../session/relayed_seal.ts";

/** An offer, as the relay sees it. Byte strings are base64url without padding. */
export interface SealedOffer {
  type: "sealed-offer";
  v: 1;
  /** The page's clock, in milliseconds since 1970. */
  time: number;
  /** 16 random bytes. */
  nonce: string;
  /** HPKE's encapsulated key, 65 bytes. */
  enc: string;
  ct: string;
  /** 16 bytes that only the host and the device or the pairing can make; strangers send no tag. */
  tag?: string;
  /** The device's raw public key, 65 bytes, where the host does not know it: in a pairing, or a stranger's. */
  device?: string;
}

/** An answer or a refusal, as the relay sees it. */
export interface SealedAnswer {
  type: "sealed-answer";
  v: 1;
  ct: string;
}

/** A message of a session through the relay (wire/session/relayed_channel.ts), in both directions. */
export interface Relayed {
  type: "relayed";
  v: 1;
  ct: string;
}

/**
 * A signal, one of
 * - `sealed-offer`, page → host, and `sealed-answer`, host → page;
 * - `refused`, host → page: the reason for a refusal, to a page for which the host cannot seal an
 *   answer. Nothing proves that the host wrote it. `hostKey` is the fingerprint of the host's key,
 *   32 bytes in base64url;
 * - `relayed`, in both directions: a session's messages where no direct connection comes about;
 * - `probe`, host → itself through the relay: proves that LAPTOP_ID is its own;
 * - `replaced`, host → the host that was registered before it.
 */
export type Signal =
  | SealedOffer
  | SealedAnswer
  | Relayed
  | { type: "refused"; code: ErrorCode; message: string; hostKey?: string }
  | { type: "probe"; nonce: string }
  | { type: "replaced" };

/** Longest session description accepted, in characters. Those of browsers have 0.5 to 3 KB. */
export const MAX_SDP = 12 * 1024;

/** Longest signal, in bytes of its JSON. */
export const MAX_SIGNAL_BYTES = 8 * 1024;

/** Bytes of a raw public key (P-256, uncompressed) and of an offer's nonce and tag. */
export const KEY_BYTES = 65;
export const NONCE_BYTES = 16;
export const TAG_BYTES = 16;

/** Bytes of a SHA-256 fingerprint. */
const FINGERPRINT_BYTES = 32;

/** Longest byte string in an offer or an answer, in characters. The relay bounds whole messages. */
const MAX_CT = MAX_SIGNAL_BYTES;

/**
 * Reads a signal, without opening it: seal.ts does that.
 *
 * @throws {LighthouseError} `bad-message` with the path of the wrong value.
 */
export function parseSignal(data: unknown): Signal {
  try {
    const signal = asRecord(data, "data");
    switch (signal.type) {
      case "sealed-offer":
        return {
          type: "sealed-offer",
          v: asVersion(signal.v),
          time: asTime(signal.time, "data.time"),
          nonce: asBytes(signal.nonce, "data.nonce", NONCE_BYTES),
          enc: asBytes(signal.enc, "data.enc", KEY_BYTES),
          ct: asBytes(signal.ct, "data.ct"),
          ...signal.tag !== undefined && { tag: asBytes(signal.tag, "data.tag", TAG_BYTES) },
          ...signal.device !== undefined &&
            { device: asBytes(signal.device, "data.device", KEY_BYTES) },
        };
      case "sealed-answer":
        return {
          type: "sealed-answer",
          v: asVersion(signal.v),
          ct: asBytes(signal.ct, "data.ct"),
        };
      case "relayed":
        return {
          type: "relayed",
          v: asVersion(signal.v),
          ct: asBytes(signal.ct, "data.ct", undefined, MAX_RELAYED_CT),
        };
      case "refused":
        return {
          type: "refused",
          ...parseRefusal(signal, "data"),
          ...signal.hostKey !== undefined &&
            { hostKey: asBytes(signal.hostKey, "data.hostKey", FINGERPRINT_BYTES) },
        };
      case "probe":
        return { type: "probe", nonce: asString(signal.nonce, "data.nonce", 64) };
      case "replaced":
        return { type: "replaced" };
      default:
        throw new TypeError(
          "Cannot parse data.type: expected sealed-offer, sealed-answer, relayed, refused, probe or " +
            "replaced",
        );
    }
  } catch (error) {
    throw LighthouseError.from(error, "bad-message");
  }
}

/** Reads a refusal. An unknown code of a later version counts as `host-busy`: try again later. */
export function parseRefusal(value: unknown, path: string): { code: ErrorCode; message: string } {
  const { code, message } = asRecord(value, path);
  return {
    code: isErrorCode(code) ? code : "host-busy",
    message: asString(message, `${path}.message`, 1024),
  };
}

/** @throws {TypeError} Unless the value is a moment, in milliseconds since 1970. */
export function asTime(value: unknown, path: string): number {
  if (Number.isSafeInteger(value) && (value as number) >= 0) return value as number;
  throw new TypeError(`Cannot parse ${path}: expected milliseconds since 1970`);
}

/**
 * @param max Longest text, in characters.
 * @throws {TypeError} Unless the value is base64url, and of the given number of bytes.
 */
export function asBytes(
  value: unknown,
  path: string,
  length?: number,
  max: number = MAX_CT,
): string {
  const text = asString(value, path, max);
  try {
    const bytes = fromBase64url(text);
    if (length === undefined || bytes.length === length) return text;
  } catch {
    // The error below says so.
  }
  throw new TypeError(
    `Cannot parse ${path}: expected ${length === undefined ? "" : `${length} bytes in `}base64url`,
  );
}

function asVersion(value: unknown): 1 {
  if (value === 1) return 1;
  throw new TypeError("Cannot parse data.v: expected 1; update the older side");
}
