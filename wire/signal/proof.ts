// A page proves on the connection itself that it holds its device's private key (docs/security.md, "The
// proof"). Its offer does not prove that: in HPKE's Auth mode whoever has the host's key can write in any
// sender's name (RFC 9180 §9.1.1). The host's answer brings a key for this connection only, and the secret
// that this key and the device's agree on is unknown to whoever has the host's long-term key.
import { concat } from "../bytes.ts";
import type { ErrorCode } from "../error.ts";
import { PROOF_BYTES } from "../session/hello.ts";
import type { QuicWay } from "./quic_way.ts";
import { agreedSecret, derive, importSecret } from "./secrets.ts";

type Bytes = Uint8Array<ArrayBuffer>;

const utf8 = (text: string) => new TextEncoder().encode(text);

const LABEL = /* @__PURE__ */ utf8("lighthouse-proof/1");
const QUIC_LABEL = /* @__PURE__ */ utf8("lighthouse-quic/1");

/** The two keys of a proof: this end's private key, and the other end's raw public key. */
export interface ProofKeys {
  own: CryptoKey;
  other: Bytes;
  /** The code of the error where `other` is no point of the curve. */
  code: ErrorCode;
}

/**
 * Makes the proof of a connection, equal at both ends: HKDF-SHA-256 of the secret that the device's key
 * and the host's challenge agree on (ECDH on P-256). The session descriptions bind it to the two ends of
 * the connection, by their fingerprints.
 *
 * @param offer The page's session description, as sealed.
 * @param answer The host's session description, as sealed.
 * @throws {LighthouseError} With the keys' code.
 */
export async function proofOf(
  { own, other, code }: ProofKeys,
  offer: string,
  answer: string,
): Promise<Bytes> {
  const hashOf = async (sdp: string) =>
    new Uint8Array(await crypto.subtle.digest("SHA-256", utf8(sdp)));
  const hashes = await Promise.all([offer, answer].map(hashOf));
  const secret = await agreedSecret(own, other, code);
  return await derive(secret, new Uint8Array(), concat(LABEL, ...hashes), PROOF_BYTES);
}

/**
 * Makes the proof of a channel over QUIC from that of the connection. The session descriptions say nothing of
 * the QUIC endpoint, so this one is bound to its certificate, and to the ticket: who has the host's key could
 * else name an endpoint of its own in the answer, and show the host the proof that it gets there.
 */
export async function quicProofOf(
  proof: Bytes,
  { hash, ticket }: Pick<QuicWay, "hash" | "ticket">,
): Promise<Bytes> {
  const secret = await importSecret(proof);
  return await derive(secret, new Uint8Array(), concat(QUIC_LABEL, hash, ticket), PROOF_BYTES);
}
