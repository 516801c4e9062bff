// The pairing link: `<page>#lighthouse=<payload>`, and the keys that page and host derive from its secret.
// Browsers send a fragment to no server. The payload is one of these as a decimal number, since a QR code
// holds three digits in ten bits:
//
//   the host's public key, compressed (33)   secret (32)
//   the host's public key, compressed (33)   secret (32)   admission (16)
//
// The second is for relays that know admissions. Links of older hosts are base64url of one of these, with
// secrets of 16 or 32 bytes:
//
//   1   the host's public key, raw (65)          secret
//   2   the host's public key, compressed (33)   secret   admission (16)
import { fromBase64url, toBase64url } from "../base64url.ts";
import { concat } from "../bytes.ts";
import { LighthouseError } from "../error.ts";
import { ADMISSION_BYTES } from "./admission.ts";
import { COMPRESSED_BYTES, compressPoint, decompressPoint } from "./point.ts";
import { derive, importSecret } from "./secrets.ts";
import { KEY_BYTES } from "./signal.ts";

/** Bytes of a new pairing's secret: HPKE wants 32 bytes of entropy in the key (RFC 9180 §5.1.2). */
export const SECRET_BYTES = 32;

/** Bytes of the secrets of hosts before that. */
const OLDER_SECRET_BYTES = 16;

/** Bytes of each key that is derived from it. */
const PAIRING_KEY_BYTES = 32;

const NAME = "lighthouse";

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

/** Writes the fragment of a pairing link, with its `#`. A short secret is of an older host. */
export function formatPairingFragment({ hostKey, secret, admission }: PairingLink): string {
  const key = compressPoint(hostKey);
  const rest = concat(secret, fromBase64url(admission ?? ""));
  if (secret.length === SECRET_BYTES) return `#${NAME}=${toDigits(concat(key, rest))}`;
  const start = admission === undefined ? [1, ...hostKey] : [2, ...key];
  return `#${NAME}=${toBase64url(concat(Uint8Array.from(start), rest))}`;
}

/**
 * Reads the fragment of an address.
 *
 * @param hash With or without its `#`, as `location.hash`.
 * @returns Undefined if it holds no pairing link.
 * @throws {LighthouseError} `bad-link` if the pairing link is incomplete or of another version.
 */
export function parsePairingFragment(hash: string): PairingLink | undefined {
  const [name, text = ""] = hash.replace(/^#/, "").split(/=(.*)/s);
  if (name !== NAME) return undefined;
  try {
    const isNumber = /^[1-9]\d{1,199}$/.test(text);
    const [version, bytes] = isNumber ? [0, toBytes(text)] : splitVersion(fromBase64url(text));
    const known = bytes.slice(0, version === 1 ? KEY_BYTES : COMPRESSED_BYTES);
    const rest = bytes.slice(known.length);
    const hasAdmission = version === 2 || (version === 0 && rest.length > SECRET_BYTES);
    const end = rest.length - (hasAdmission ? ADMISSION_BYTES : 0);
    const isWhole = end === SECRET_BYTES || (version !== 0 && end === OLDER_SECRET_BYTES);
    const hostKey = version === 1 ? known : decompressPoint(known);
    // An uncompressed point begins with 4 (SEC 1 §2.3.3).
    if (isWhole && hostKey?.[0] === 4) {
      return {
        hostKey,
        secret: rest.slice(0, end),
        ...hasAdmission && { admission: toBase64url(rest.subarray(end)) },
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

function toDigits(bytes: Uint8Array): string {
  const hex = Array.from(bytes, (byte) => byte.toString(16).padStart(2, "0")).join("");
  return String(BigInt(`0x${hex}`));
}

function toBytes(digits: string): Uint8Array<ArrayBuffer> {
  const hex = BigInt(digits).toString(16);
  const pairs = hex.padStart(hex.length + hex.length % 2, "0").match(/../g)!;
  return Uint8Array.from(pairs, (pair) => parseInt(pair, 16));
}

/** @throws {TypeError} If the version is unknown. */
function splitVersion([version, ...bytes]: Uint8Array): [1 | 2, Uint8Array<ArrayBuffer>] {
  if (version === 1 || version === 2) return [version, Uint8Array.from(bytes)];
  throw new TypeError("The version is unknown");
}

/** Derives the keys of a pairing by HKDF-SHA-256 (RFC 5869) without a salt. */
export async function derivePairingKeys(secret: Uint8Array<ArrayBuffer>): Promise<PairingKeys> {
  const key = await importSecret(secret);
  const keyOf = (label: string) => {
    const info = new TextEncoder().encode(`lighthouse-pairing/1 ${label}`);
    return derive(key, new Uint8Array(), info, PAIRING_KEY_BYTES);
  };
  const [psk, tagKey] = await Promise.all([keyOf("psk"), keyOf("tag")]);
  return { psk, tagKey };
}
