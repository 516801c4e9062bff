// For tests: key pairs from given bytes.
import { toBase64url } from "../base64url.ts";

/** Imports an ECDH P-256 key pair into WebCrypto. */
export async function importKeyPair(
  privateKey: Uint8Array,
  publicKey: Uint8Array<ArrayBuffer>,
): Promise<CryptoKeyPair> {
  const algorithm = { name: "ECDH", namedCurve: "P-256" };
  const jwk = {
    kty: "EC",
    crv: "P-256",
    x: toBase64url(publicKey.subarray(1, 33)),
    y: toBase64url(publicKey.subarray(33)),
    d: toBase64url(privateKey),
  };
  return {
    privateKey: await crypto.subtle.importKey("jwk", jwk, algorithm, false, ["deriveBits"]),
    publicKey: await crypto.subtle.importKey("raw", publicKey, algorithm, true, []),
  };
}
