// The pairing link: `<page>#lighthouse=<base64url of one of these>`, and the keys that page and host derive
// from its secret. Browsers send a fragment to no server.
//
//   1   the host's public key, raw (65)          secret (32)
//   2   the host's public key, compressed (33)   secret (32)   admission (16)
//
// Links of older hosts have secrets of 16 bytes.
//
// The second is for relays that know admissions. It is shorter, and so is its QR code.
import { fromBase64url, toBase64url } from "../base64url.ts";
import { concat } from "../bytes.ts";
import { LighthouseError } from "../error.ts";
import { ADMISSION_BYTES } from "./admission.ts";
import { COMPRESSED_BYTES, compressPoint, decompressPoint } from "./point.ts";
import { KEY_BYTES } from "./signal.ts";

/** Bytes of a new pairing's secret: HPKE wants 32 bytes of entropy in the key (RFC 9180 §5.1.2). */
export const SECRET_BYTES = 32;

/** Bytes of the secrets in links, also of older hosts. */
const SECRETS = [16, SECRET_BYTES];

const NAME = "lighthouse";

/** Bytes of the admission in a link of each version. */
const ADMISSIONS: Record<number, number> = { 1: 0, 2: ADMISSION_BYTES };

/** The contents of a pairing link. */
export interface PairingLink {
  /** The host's raw public key, 65 bytes: the page pins it. */
  hostKey: Uint8Array<ArrayBuffer>;
  /** Lets one device in, once. */
  secret: Uint8Array<ArrayBuffer>;
  /** What the page shows to the relay, if that knows admissions. It ends with the link. */
  admission?: string;
}

/** The keys that host and page derive from a pairing's secret, 32 bytes each. */
export interface PairingKeys {
  /** HPKE's pre-shared key. */
  psk: Uint8Array<ArrayBuffer>;
  /** Signs the pairing offer's tag. */
  tagKey: Uint8Array<ArrayBuffer>;
}

/** Writes the fragment of a pairing link, with its `#`. */
export function formatPairingFragment({ hostKey, secret, admission }: PairingLink): string {
  const bytes = admission === undefined
    ? concat(Uint8Array.of(1), hostKey, secret)
    : concat(Uint8Array.of(2), compressPoint(hostKey), secret, fromBase64url(admission));
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
  try {
    const [version, ...rest] = fromBase64url(text ?? "");
    const bytes = Uint8Array.from(rest);
    const length = version === 1 ? KEY_BYTES : COMPRESSED_BYTES;
    const end = bytes.length - (ADMISSIONS[version ?? 0] ?? NaN);
    const known = bytes.slice(0, length);
    const hostKey = version === 1 ? known : decompressPoint(known);
    // An uncompressed point begins with 4 (SEC 1 §2.3.3).
    if (SECRETS.includes(end - length) && hostKey?.[0] === 4) {
      return {
        hostKey,
        secret: bytes.slice(length, end),
        ...version === 2 && { admission: toBase64url(bytes.subarray(end)) },
      };
    }
  } catch {
    // The error below says so. It must not have the cause, whose message may repeat the secret.
  }
  throw new LighthouseError(
    "bad-link",
    "Cannot use the pairing link: it has been cut off or changed, or it is of another version. Copy all " +
      "of it, or update the older side",
  );
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
