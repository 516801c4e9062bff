// The keys of a session through the relay (docs/wire.md, "Through the relay"). Both ends make a key pair
// for the connection only and forget it afterwards, so nobody can open what the relay has recorded, not
// even with the keys of the host and of the device.
import type { RelayedKeys } from "../session/relayed_channel.ts";
import type { Role } from "../session/streams.ts";
import { agreedSecret, derive } from "./secrets.ts";

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
  const secret = await agreedSecret(own, other, "bad-message");
  const bits = await derive(secret, proof, LABEL, 2 * RELAYED_KEY_BYTES);
  const importKey = (at: number, usage: KeyUsage) =>
    crypto.subtle.importKey("raw", bits.slice(at, at + RELAYED_KEY_BYTES), "AES-GCM", false, [
      usage,
    ]);
  const isPage = role === "page";
  const [seal, open] = await Promise.all([
    importKey(isPage ? 0 : RELAYED_KEY_BYTES, "encrypt"),
    importKey(isPage ? RELAYED_KEY_BYTES : 0, "decrypt"),
  ]);
  return { seal, open };
}
