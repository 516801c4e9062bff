// By which a page shows, on the connection itself, that it holds its device's private key (docs/security.md,
// "The proof"). Its offer alone does not: in HPKE's Auth mode whoever has the host's key can write in any
// sender's name (RFC 9180 §9.1.1). The host's answer brings a key for this connection alone; what it and the
// device's key agree on, nobody knows who has the host's own.
import { concat } from "../bytes.ts";
import { type ErrorCode, LighthouseError } from "../error.ts";
import { PROOF_BYTES } from "../session/hello.ts";
import { importPublicKey } from "./keys.ts";

type Bytes = Uint8Array<ArrayBuffer>;

const utf8 = (text: string) => new TextEncoder().encode(text);

const LABEL = /* @__PURE__ */ utf8("lighthouse-proof/1");

/** The two keys of a proof: one end's private one, and the other end's raw public one. */
export interface ProofKeys {
  own: CryptoKey;
  other: Bytes;
  /** Of the error, where the other end's is no point of the curve. */
  code: ErrorCode;
}

/**
 * Makes the proof of a connection, equal at both ends: HKDF-SHA-256 of what the device's key and the
 * host's challenge agree on (ECDH, RFC 9180's P-256), bound to both session descriptions and by their
 * fingerprints to the two ends of the connection.
 *
 * @param offer The page's session description, as it was sealed.
 * @param answer The host's, as it was sealed.
 * @throws {LighthouseError} with the keys' code.
 */
export async function proofOf(
  { own, other, code }: ProofKeys,
  offer: string,
  answer: string,
): Promise<Bytes> {
  const { subtle } = crypto;
  const hashOf = async (sdp: string) => new Uint8Array(await subtle.digest("SHA-256", utf8(sdp)));
  const hashes = await Promise.all([offer, answer].map(hashOf));
  const key = await importPublicKey(other, code);
  // Deno imports any 65 bytes, and finds out here.
  const shared = await subtle.deriveBits({ name: "ECDH", public: key }, own, 256)
    .catch((cause) => {
      throw LighthouseError.from(cause, code);
    });
  const secret = await subtle.importKey("raw", shared, "HKDF", false, ["deriveBits"]);
  const info = concat(LABEL, ...hashes);
  const inputs = { name: "HKDF", hash: "SHA-256", salt: new Uint8Array(), info };
  return new Uint8Array(await subtle.deriveBits(inputs, secret, 8 * PROOF_BYTES));
}
