// The keys of a session through the relay (docs/wire.md, "Through the relay"). Both ends make a key pair
// for the connection only and forget it afterwards, so nobody can open what the relay has recorded, not
// even with the keys of the host and of the device.
import { LighthouseError } from "../error.ts";
import type { RelayedKeys } from "../session/relayed_channel.ts";
import type { Role } from "../session/streams.ts";
import { importPublicKey } from "./keys.ts";

type Bytes = Uint8Array<ArrayBuffer>;

const LABEL = /* @__PURE__ */ new TextEncoder().encode("lighthouse-relayed/1");

/** Bytes of each of the two keys. */
const RELAYED_KEY_BYTES = 16;

/** What {@linkcode relayedKeysOf} derives the keys from. */
export interface RelayedSecrets {
  /** This end's private key for the connection. */
  own: CryptoKey;
  /** The other end's raw public key for the connection, 65 bytes. */
  other: Bytes;
  /** The connection's proof, 32 bytes (proof.ts). */
  proof: Bytes;
  /** This end. */
  role: Role;
}

/**
 * Derives the keys: HKDF-SHA-256 of what the two keys agree on (ECDH on P-256), salted with the proof.
 * The first 16 bytes seal from page to host, the others from host to page.
 *
 * @throws {LighthouseError} `bad-message` if `other` is no point of the curve.
 */
export async function relayedKeysOf(
  { own, other, proof, role }: RelayedSecrets,
): Promise<RelayedKeys> {
  const { subtle } = crypto;
  const key = await importPublicKey(other, "bad-message");
  // Deno imports any 65 bytes, and fails here.
  const shared = await subtle.deriveBits({ name: "ECDH", public: key }, own, 256)
    .catch((cause) => {
      throw LighthouseError.from(cause, "bad-message");
    });
  const secret = await subtle.importKey("raw", shared, "HKDF", false, ["deriveBits"]);
  const inputs = { name: "HKDF", hash: "SHA-256", salt: proof, info: LABEL };
  const bits = await subtle.deriveBits(inputs, secret, 2 * 8 * RELAYED_KEY_BYTES);
  const importKey = (at: number, usage: KeyUsage) =>
    subtle.importKey("raw", bits.slice(at, at + RELAYED_KEY_BYTES), "AES-GCM", false, [usage]);
  const isPage = role === "page";
  const [seal, open] = await Promise.all([
    importKey(isPage ? 0 : RELAYED_KEY_BYTES, "encrypt"),
    importKey(isPage ? RELAYED_KEY_BYTES : 0, "decrypt"),
  ]);
  return { seal, open };
}
