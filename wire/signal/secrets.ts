// Secrets in WebCrypto: what two keys agree on, by ECDH on P-256, and what is derived from that, by
// HKDF-SHA-256 (RFC 5869).
import { type ErrorCode, LighthouseError } from "../error.ts";
import { importPublicKey } from "./keys.ts";

type Bytes = Uint8Array<ArrayBuffer>;

/** Bytes of what two keys agree on: the x coordinate of a point. */
const AGREED_BYTES = 32;

/** Imports a secret to derive from, which scripts cannot read. */
export function importSecret(raw: Bytes): Promise<CryptoKey> {
  return crypto.subtle.importKey("raw", raw, "HKDF", false, ["deriveBits"]);
}

/** What two keys agree on, 32 bytes. @param own This end's private key. @param other The other public one. */
export async function agree(own: CryptoKey, other: CryptoKey): Promise<Bytes> {
  const ecdh = { name: "ECDH", public: other };
  return new Uint8Array(await crypto.subtle.deriveBits(ecdh, own, 8 * AGREED_BYTES));
}

/**
 * The secret that this end's private key and the other end's raw public key agree on.
 *
 * @throws {LighthouseError} `code` if `other` is no point of the curve.
 */
export async function agreedSecret(
  own: CryptoKey,
  other: Bytes,
  code: ErrorCode,
): Promise<CryptoKey> {
  const key = await importPublicKey(other, code);
  // Deno imports any 65 bytes, and fails here.
  const agreed = await agree(own, key).catch((cause) => {
    throw LighthouseError.from(cause, code);
  });
  return await importSecret(agreed);
}

/** Derives from a secret. @param salt Empty for none. @param bytes Length of the result. */
export async function derive(
  secret: CryptoKey,
  salt: Bytes,
  info: Bytes,
  bytes: number,
): Promise<Bytes> {
  const hkdf = { name: "HKDF", hash: "SHA-256", salt, info };
  return new Uint8Array(await crypto.subtle.deriveBits(hkdf, secret, 8 * bytes));
}
