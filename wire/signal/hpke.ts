// Hybrid Public Key Encryption (RFC 9180) by WebCrypto: the one suite and the two modes of seal.ts, for one
// message to each context. The suite is DHKEM(P-256, HKDF-SHA256), HKDF-SHA256, AES-128-GCM; the modes are
// Auth and AuthPSK. The sections named here are the RFC's.
//
// An extract and the expand after it are one operation of WebCrypto's HKDF (RFC 5869).
import { concat } from "../bytes.ts";
import { generateKeyPair, rawPublicKey } from "./keys.ts";
import { agree, derive, importSecret } from "./secrets.ts";

type Bytes = Uint8Array<ArrayBuffer>;

const utf8 = (text: string) => new TextEncoder().encode(text);

/** "HPKE-v1" and the suite_id: of the KEM (§4.1), and of all (§5.1). */
const KEM = /* @__PURE__ */ utf8("HPKE-v1KEM\0\x10");
const SUITE = /* @__PURE__ */ utf8("HPKE-v1HPKE\0\x10\0\x01\0\x01");

/** `mode_auth` and `mode_auth_psk` (§5). */
const AUTH = 2;
const AUTH_PSK = 3;

const NOTHING = /* @__PURE__ */ new Uint8Array();

/** Bytes of SHA-256, of a secret of the KEM, of AES-128-GCM's key and of its nonce. */
const HASH_BYTES = 32;
const KEY_BYTES = 16;
const NONCE_BYTES = 12;

/** What both ends put into a context. */
export interface HpkeInputs {
  info: Bytes;
  /** A pre-shared key of at least 32 bytes (§5.1.2) and its name: the mode AuthPSK. @default none: Auth */
  psk?: { id: Bytes; key: Bytes };
}

/** A context of one message. */
interface HpkeContext {
  /** Exports a secret (§5.3). @param length Bytes, at most 32. */
  export(exporterContext: Bytes, length: number): Promise<Bytes>;
}

/** The sender's context. */
export interface SenderContext extends HpkeContext {
  /** The encapsulated key: an uncompressed point, 65 bytes. */
  enc: Bytes;
  /** Seals the message. @throws {TypeError} At a second call, since a nonce is good for one message. */
  seal(plaintext: Bytes, aad: Bytes): Promise<Bytes>;
}

/** The recipient's context. */
export interface RecipientContext extends HpkeContext {
  /** Opens the message. @throws {DOMException} If the sender has not sealed it so. */
  open(ciphertext: Bytes, aad: Bytes): Promise<Bytes>;
}

/** Options of {@linkcode setupSender}. */
export interface SenderOptions extends HpkeInputs {
  sender: CryptoKeyPair;
  recipient: CryptoKey;
  /** Only for test vectors. @default a new one */
  ephemeral?: CryptoKeyPair;
}

/** Options of {@linkcode setupRecipient}. */
export interface RecipientOptions extends HpkeInputs {
  recipient: CryptoKeyPair;
  sender: CryptoKey;
  /** The encapsulated key. */
  enc: Bytes;
}

/** SetupAuthS and SetupAuthPSKS (§5.1.3, §5.1.4). */
export async function setupSender(options: SenderOptions): Promise<SenderContext> {
  const { sender, recipient } = options;
  const ephemeral = options.ephemeral ?? await generateKeyPair();
  // AuthEncap (§4.1).
  const enc = await rawPublicKey(ephemeral);
  const points = [enc, await rawPublicKey({ publicKey: recipient }), await rawPublicKey(sender)];
  const agreed = await Promise.all([
    agree(ephemeral.privateKey, recipient),
    agree(sender.privateKey, recipient),
  ]);
  const { key, iv, ...context } = await schedule(await secretOf(agreed, points), options);
  let isUsed = false;
  return {
    ...context,
    enc,
    seal: async (plaintext, additionalData) => {
      if (isUsed) throw new TypeError("Cannot seal a second message with the same nonce");
      isUsed = true;
      const gcm = { name: "AES-GCM", iv, additionalData };
      return new Uint8Array(await crypto.subtle.encrypt(gcm, key, plaintext));
    },
  };
}

/** SetupAuthR and SetupAuthPSKR. @throws {DOMException} If `enc` is no point of the curve. */
export async function setupRecipient(options: RecipientOptions): Promise<RecipientContext> {
  const { recipient, sender, enc } = options;
  // AuthDecap (§4.1).
  const ephemeral = await crypto.subtle.importKey("raw", enc, sender.algorithm, true, []);
  const points = [enc, await rawPublicKey(recipient), await rawPublicKey({ publicKey: sender })];
  const agreed = await Promise.all([
    agree(recipient.privateKey, ephemeral),
    agree(recipient.privateKey, sender),
  ]);
  const { key, iv, ...context } = await schedule(await secretOf(agreed, points), options);
  return {
    ...context,
    open: async (ciphertext, additionalData) => {
      const gcm = { name: "AES-GCM", iv, additionalData };
      return new Uint8Array(await crypto.subtle.decrypt(gcm, key, ciphertext));
    },
  };
}

/** ExtractAndExpand (§4.1). @param points The kem_context's: enc, pkRm and pkSm. */
async function secretOf(agreed: Bytes[], points: Bytes[]): Promise<Bytes> {
  const secret = await importSecret(labeledIkm(KEM, "eae_prk", concat(...agreed)));
  return await expand(secret, NOTHING, KEM, "shared_secret", concat(...points), HASH_BYTES);
}

/** KeySchedule (§5.1), and the nonce of the first message (§5.2), which is the base_nonce. */
async function schedule(shared: Bytes, { info, psk }: HpkeInputs) {
  const [secret, pskIdHash, infoHash] = await Promise.all([
    importSecret(labeledIkm(SUITE, "secret", psk?.key ?? NOTHING)),
    extract("psk_id_hash", psk?.id ?? NOTHING),
    extract("info_hash", info),
  ]);
  const context = concat(Uint8Array.of(psk ? AUTH_PSK : AUTH), pskIdHash, infoHash);
  const expandTo = (label: string, length: number) =>
    expand(secret, shared, SUITE, label, context, length);
  const [rawKey, iv, exporter] = await Promise.all([
    expandTo("key", KEY_BYTES),
    expandTo("base_nonce", NONCE_BYTES),
    expandTo("exp", HASH_BYTES),
  ]);
  return {
    key: await crypto.subtle.importKey("raw", rawKey, "AES-GCM", false, ["encrypt", "decrypt"]),
    iv,
    // LabeledExpand of a key that has been extracted: for one hash, HMAC with a counter (RFC 5869 §2.3).
    export: async (exporterContext: Bytes, length: number) => {
      const labeled = labeledInfo(SUITE, "sec", exporterContext, length);
      return (await hmac(exporter, concat(labeled, Uint8Array.of(1)))).slice(0, length);
    },
  };
}

/** LabeledExtract (§4) without a salt, which is as good as a hash of zeros. */
function extract(label: string, ikm: Bytes): Promise<Bytes> {
  return hmac(new Uint8Array(HASH_BYTES), labeledIkm(SUITE, label, ikm));
}

/** LabeledExtract, of a secret with its label, and LabeledExpand (§4). @param length Bytes. */
function expand(
  secret: CryptoKey,
  salt: Bytes,
  suite: Bytes,
  label: string,
  info: Bytes,
  length: number,
): Promise<Bytes> {
  return derive(secret, salt, labeledInfo(suite, label, info, length), length);
}

function labeledIkm(suite: Bytes, label: string, ikm: Bytes): Bytes {
  return concat(suite, utf8(label), ikm);
}

function labeledInfo(suite: Bytes, label: string, info: Bytes, length: number): Bytes {
  return concat(Uint8Array.of(length >> 8, length), labeledIkm(suite, label, info));
}

async function hmac(rawKey: Bytes, text: Bytes): Promise<Bytes> {
  const { subtle } = crypto;
  const hash = { name: "HMAC", hash: "SHA-256" };
  const key = await subtle.importKey("raw", rawKey, hash, false, ["sign"]);
  return new Uint8Array(await subtle.sign("HMAC", key, text));
}
