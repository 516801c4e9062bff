// The first messages of a session in an offer and its answer, so that a device has the backend's first
// answer within the signalling round trip (docs/security.md, "First messages").
//
// A paired device's are sealed under a resumption secret, which the host has given in an earlier HELLO, inside
// of an encrypted connection. Page and host have it in memory for one use: whoever has the host's long-term
// key can write an offer in a device's name, and read the device's offers, but not these messages.
//
// A page that the host does not know yet makes a fresh secret, which its offer brings. Such messages have
// the offer's own protection: the host bounds what they can do.
//
//   ticket  16 bytes: HKDF(secret, no salt, "lighthouse-early/1 ticket")
//   proof   32 bytes: HKDF(secret, no salt, "lighthouse-early/1 proof"), in the page's HELLO
//   offer   AES-128-GCM, key (16) and IV (12): HKDF(secret, salt nonce, "lighthouse-early/1 offer" ‖
//           SHA-256(offer's sdp))
//   answer  the same: HKDF(ECDH(ephemeral, challenge), salt HKDF(secret, salt nonce,
//           "lighthouse-early/1 salt", 32 bytes), "lighthouse-early/1 answer")
import { fromBase64url, toBase64url } from "../base64url.ts";
import { concat } from "../bytes.ts";
import { PROOF_BYTES, RESUMPTION_BYTES } from "../session/hello.ts";
import { agreedSecret, derive, importSecret } from "./secrets.ts";

type Bytes = Uint8Array<ArrayBuffer>;

/** Bytes of a ticket. */
export const TICKET_BYTES = 16;

const KEY_BYTES = 16;
const IV_BYTES = 12;

/** Bytes that sealing adds. */
export const EARLY_OVERHEAD = 16;

/** The `early` member of an offer. Byte strings are base64url. */
export type EarlyOffer =
  /** `ticket` tells a host which of its secrets. */
  | { ticket: string; ct: string }
  /** The fresh secret, and the time of the first offer with it, if that may have reached the host. */
  | { secret: string; since?: number; ct: string };

/** A page's secret. */
export interface EarlySecret {
  key: CryptoKey;
  /** Its 32 bytes, if the page has made it: the offer brings them to the host. */
  fresh?: Bytes;
  /** The time of its first offer, where that may have reached the host, in milliseconds since 1970. */
  since?: number;
}

/** What binds the first messages of a page to one offer. */
export interface EarlyContext {
  /** The offer's nonce, 16 bytes. */
  nonce: Bytes;
  /** The page's session description, as sealed. */
  sdp: string;
}

/** The keys of one exchange, whose agreed secret only its two ends know: this end's and the other's. */
export interface EarlyKeys {
  own: CryptoKey;
  /** Raw, 65 bytes. */
  other: Bytes;
}

const utf8 = (text: string) => new TextEncoder().encode(`lighthouse-early/1 ${text}`);
const NOTHING = new Uint8Array();

/** Imports a secret, which scripts cannot read from then on. @param raw 32 bytes. */
export function importResumptionSecret(raw: Bytes): Promise<CryptoKey> {
  return importSecret(raw);
}

/** Makes a fresh secret, for the offers of a page that the host does not know yet. */
export async function makeEarlySecret(): Promise<EarlySecret> {
  const fresh = crypto.getRandomValues(new Uint8Array(RESUMPTION_BYTES));
  return { key: await importResumptionSecret(fresh), fresh };
}

/** The name of a secret, in base64url, by which the host finds it. */
export async function ticketOf(secret: CryptoKey): Promise<string> {
  return toBase64url(await derive(secret, NOTHING, utf8("ticket"), TICKET_BYTES));
}

/** What the page's HELLO shows among its first messages, 32 bytes. */
export function earlyProofOf(secret: CryptoKey): Promise<Bytes> {
  return derive(secret, NOTHING, utf8("proof"), PROOF_BYTES);
}

/** Seals the page's first messages for an offer. To be called once for each nonce. */
export async function sealEarlyOffer(
  { key, fresh, since }: EarlySecret,
  context: EarlyContext,
  messages: Bytes,
): Promise<EarlyOffer> {
  const ct = toBase64url(await cipher("encrypt", await offerBits(key, context), messages));
  return fresh ? { secret: toBase64url(fresh), since, ct } : { ticket: await ticketOf(key), ct };
}

/** Opens the page's first messages. @throws If they were sealed by another secret or for another offer. */
export async function openEarlyOffer(
  secret: CryptoKey,
  context: EarlyContext,
  { ct }: Pick<EarlyOffer, "ct">,
): Promise<Bytes> {
  return await cipher("decrypt", await offerBits(secret, context), fromBase64url(ct));
}

/**
 * Seals the host's first messages for the answer. To be called once for each pair of keys.
 *
 * @param messages A promise is awaited last, so that the key is derived meanwhile. @default none
 */
export async function sealEarlyAnswer(
  secret: CryptoKey,
  nonce: Bytes,
  keys: EarlyKeys,
  messages: Promise<Bytes | undefined> | Bytes | undefined,
): Promise<string> {
  const [bits, text = NOTHING] = await Promise.all([answerBits(secret, nonce, keys), messages]);
  return toBase64url(await cipher("encrypt", bits, text));
}

/** Opens the host's first messages. @throws If they were sealed by another secret or for another offer. */
export async function openEarlyAnswer(
  secret: CryptoKey,
  nonce: Bytes,
  keys: EarlyKeys,
  ct: string,
): Promise<Bytes> {
  return await cipher("decrypt", await answerBits(secret, nonce, keys), fromBase64url(ct));
}

async function offerBits(secret: CryptoKey, { nonce, sdp }: EarlyContext): Promise<Bytes> {
  const hash = await crypto.subtle.digest("SHA-256", new TextEncoder().encode(sdp));
  const info = concat(utf8("offer"), new Uint8Array(hash));
  return await derive(secret, nonce, info, KEY_BYTES + IV_BYTES);
}

async function answerBits(
  secret: CryptoKey,
  nonce: Bytes,
  { own, other }: EarlyKeys,
): Promise<Bytes> {
  const agreed = await agreedSecret(own, other, "bad-message");
  const salt = await derive(secret, nonce, utf8("salt"), 32);
  return await derive(agreed, salt, utf8("answer"), KEY_BYTES + IV_BYTES);
}

/** @param bits The key, and the IV behind it: each seals one text. */
async function cipher(usage: "encrypt" | "decrypt", bits: Bytes, text: Bytes): Promise<Bytes> {
  const { subtle } = crypto;
  const key = await subtle.importKey("raw", bits.slice(0, KEY_BYTES), "AES-GCM", false, [usage]);
  const inputs = { name: "AES-GCM", iv: bits.slice(KEY_BYTES) };
  return new Uint8Array(await subtle[usage](inputs, key, text));
}
