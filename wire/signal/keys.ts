// The keys of hosts and devices in WebCrypto: ECDH on P-256, and HMAC for tags.
import { toBase64url } from "../base64url.ts";
import { type ErrorCode, LighthouseError } from "../error.ts";

type Bytes = Uint8Array<ArrayBuffer>;

const P256 = { name: "ECDH", namedCurve: "P-256" } as const;

/** Bytes of the key with which a device signs its offers' tags. */
export const TAG_KEY_BYTES = 32;

/** Makes a key pair for HPKE and proofs. Scripts cannot read the private key; IndexedDB can keep it. */
export function generateKeyPair(): Promise<CryptoKeyPair> {
  return crypto.subtle.generateKey(P256, false, ["deriveBits"]);
}

/** The 65 bytes of a public key. */
export async function rawPublicKey(keys: Pick<CryptoKeyPair, "publicKey">): Promise<Bytes> {
  return new Uint8Array(await crypto.subtle.exportKey("raw", keys.publicKey));
}

/**
 * Imports a public key of 65 bytes.
 *
 * @param code The error's code.
 * @throws {LighthouseError} `code` if the bytes are no point of the curve.
 */
export function importPublicKey(raw: Bytes, code: ErrorCode): Promise<CryptoKey> {
  return crypto.subtle.importKey("raw", raw, P256, true, []).catch((cause) => {
    throw new LighthouseError(code, "Cannot take the public key: it is no point of P-256", {
      cause,
    });
  });
}

/** The fingerprint of a raw public key: its SHA-256 in base64url. */
export async function fingerprintOf(rawKey: Bytes): Promise<string> {
  return toBase64url(new Uint8Array(await crypto.subtle.digest("SHA-256", rawKey)));
}

/** Imports a device's tag key. It signs, and scripts cannot read it. @param bytes 32 bytes. */
export function importTagKey(bytes: Bytes): Promise<CryptoKey> {
  return crypto.subtle.importKey("raw", bytes, { name: "HMAC", hash: "SHA-256" }, false, ["sign"]);
}
