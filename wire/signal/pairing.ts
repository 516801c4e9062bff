// The pairing link: `<page>#lighthouse=<base64url of: 1 ‖ the host's public key ‖ secret>`, and the keys
// that page and host derive from its secret. Browsers send a fragment to no server.
//
//   version (1)   the host's public key, raw (65)   secret (16)
import { fromBase64url, toBase64url } from "../base64url.ts";
import { LighthouseError } from "../error.ts";
import { KEY_BYTES } from "./signal.ts";

/** Bytes of a pairing's secret. */
export const SECRET_BYTES = 16;

const VERSION = 1;
const NAME = "lighthouse";

/** The contents of a pairing link. */
export interface PairingLink {
  /** The host's raw public key, 65 bytes: the page pins it. */
  hostKey: Uint8Array<ArrayBuffer>;
  /** Lets one device in, once. */
  secret: Uint8Array<ArrayBuffer>;
}

/** The keys that host and page derive from a pairing's secret, 32 bytes each. */
export interface PairingKeys {
  /** HPKE's pre-shared key. */
  psk: Uint8Array<ArrayBuffer>;
  /** Signs the pairing offer's tag. */
  tagKey: Uint8Array<ArrayBuffer>;
}

/** Writes the fragment of a pairing link, with its `#`. */
export function formatPairingFragment({ hostKey, secret }: PairingLink): string {
  const bytes = new Uint8Array(1 + KEY_BYTES + SECRET_BYTES);
  bytes[0] = VERSION;
  bytes.set(hostKey, 1);
  bytes.set(secret, 1 + KEY_BYTES);
  return `#${NAME}=${toBase64url(bytes)}`;
}

/**
 * Reads the fragment of an address.
 *
 * @param hash With or without its `#`, as `location.hash`.
 * @returns Undefined if it holds no pairing link.
 * @throws {LighthouseError} `bad-link` if the pairing link is incomplete or of another version.
 */
export function parsePairingFragment(hash: string): PairingLink | undefined {
  const [name, text] = hash.replace(/^#/, "").split(/=(.*)/s);
  if (name !== NAME) return undefined;
  let bytes: Uint8Array<ArrayBuffer>;
  try {
    bytes = fromBase64url(text ?? "");
  } catch {
    throw badLink("it has been cut off or changed. Copy all of it");
  }
  if (bytes.length > 0 && bytes[0] !== VERSION) {
    throw badLink("it is of another version. Update the older side");
  }
  // An uncompressed point begins with 4 (SEC 1 §2.3.3).
  if (bytes.length !== 1 + KEY_BYTES + SECRET_BYTES || bytes[1] !== 4) {
    throw badLink("it has been cut off or changed. Copy all of it");
  }
  return { hostKey: bytes.slice(1, 1 + KEY_BYTES), secret: bytes.slice(1 + KEY_BYTES) };
}

/** Derives the keys of a pairing by HKDF-SHA-256 (RFC 5869) without a salt. */
export async function derivePairingKeys(secret: Uint8Array<ArrayBuffer>): Promise<PairingKeys> {
  const key = await crypto.subtle.importKey("raw", secret, "HKDF", false, ["deriveBits"]);
  const derive = async (info: string) =>
    new Uint8Array(
      await crypto.subtle.deriveBits(
        {
          name: "HKDF",
          hash: "SHA-256",
          salt: new Uint8Array(),
          info: new TextEncoder().encode(info),
        },
        key,
        256,
      ),
    );
  const [psk, tagKey] = await Promise.all([
    derive("lighthouse-pairing/1 psk"),
    derive("lighthouse-pairing/1 tag"),
  ]);
  return { psk, tagKey };
}

function badLink(why: string): LighthouseError {
  return new LighthouseError("bad-link", `Cannot use the pairing link: ${why}`);
}
