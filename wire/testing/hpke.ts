// For tests: an independent HPKE (RFC 9180) on Node's cryptography, without WebCrypto and @hpke/core. It
// has only the suite and the modes of seal.ts.
import { createCipheriv, createDecipheriv, createECDH, createHmac } from "node:crypto";

/** Modes of RFC 9180 §5. */
export const AUTH = 2;
export const AUTH_PSK = 3;

const CURVE = "prime256v1";
const KEM_ID = Buffer.from("KEM\0\x10", "latin1");
const HPKE_ID = Buffer.from("HPKE\0\x10\0\x01\0\x01", "latin1");

/** Inputs of a context; keys are raw. */
export interface HpkeInputs {
  mode: number;
  info: Uint8Array;
  psk?: Uint8Array;
  pskId?: Uint8Array;
}

/** A sender's or recipient's context. */
export interface HpkeContext {
  enc: Uint8Array;
  seal(plaintext: Uint8Array, aad: Uint8Array): Buffer;
  open(ct: Uint8Array, aad: Uint8Array): Buffer;
  export(context: Uint8Array, length: number): Buffer;
}

/** SetupAuthS, SetupAuthPSKS (§5.1.3), with a given ephemeral key. */
export function setupSender(
  keys: { ephemeral: Uint8Array; sender: Uint8Array; recipient: Uint8Array },
  inputs: HpkeInputs,
): HpkeContext {
  const enc = publicOf(keys.ephemeral);
  const dh = Buffer.concat([
    diffieHellman(keys.ephemeral, keys.recipient),
    diffieHellman(keys.sender, keys.recipient),
  ]);
  const kemContext = Buffer.concat([enc, keys.recipient, publicOf(keys.sender)]);
  return schedule(enc, dh, kemContext, inputs);
}

/** SetupAuthR, SetupAuthPSKR. */
export function setupRecipient(
  keys: { enc: Uint8Array; sender: Uint8Array; recipient: Uint8Array },
  inputs: HpkeInputs,
): HpkeContext {
  const dh = Buffer.concat([
    diffieHellman(keys.recipient, keys.enc),
    diffieHellman(keys.recipient, keys.sender),
  ]);
  const kemContext = Buffer.concat([keys.enc, publicOf(keys.recipient), keys.sender]);
  return schedule(keys.enc, dh, kemContext, inputs);
}

/** KeySchedule (§5.1). */
function schedule(
  enc: Uint8Array,
  dh: Buffer,
  kemContext: Buffer,
  { mode, info, psk = Buffer.alloc(0), pskId = Buffer.alloc(0) }: HpkeInputs,
): HpkeContext {
  const eae = extract(KEM_ID, Buffer.alloc(0), "eae_prk", dh);
  const shared = expand(KEM_ID, eae, "shared_secret", kemContext, 32);
  const context = Buffer.concat([
    Buffer.of(mode),
    extract(HPKE_ID, Buffer.alloc(0), "psk_id_hash", pskId),
    extract(HPKE_ID, Buffer.alloc(0), "info_hash", info),
  ]);
  const secret = extract(HPKE_ID, shared, "secret", psk);
  const key = expand(HPKE_ID, secret, "key", context, 16);
  const baseNonce = expand(HPKE_ID, secret, "base_nonce", context, 12);
  const exporter = expand(HPKE_ID, secret, "exp", context, 32);
  let sequence = 0;
  const nonce = () => {
    const bytes = Buffer.from(baseNonce);
    bytes[11]! ^= sequence++;
    return bytes;
  };
  return {
    enc,
    seal: (plaintext, aad) => sealGcm(key, nonce(), plaintext, aad),
    open: (ct, aad) => openGcm(key, nonce(), ct, aad),
    export: (exporterContext, length) => expand(HPKE_ID, exporter, "sec", exporterContext, length),
  };
}

/** Encrypts by AES-128-GCM; the tag follows the ciphertext. */
function sealGcm(key: Uint8Array, iv: Uint8Array, plaintext: Uint8Array, aad: Uint8Array) {
  const cipher = createCipheriv("aes-128-gcm", key, iv).setAAD(aad);
  return Buffer.concat([cipher.update(plaintext), cipher.final(), cipher.getAuthTag()]);
}

/** Decrypts the same. */
export function openGcm(key: Uint8Array, iv: Uint8Array, ct: Uint8Array, aad: Uint8Array) {
  const end = ct.length - 16;
  const decipher = createDecipheriv("aes-128-gcm", key, iv).setAAD(aad);
  decipher.setAuthTag(ct.subarray(end));
  return Buffer.concat([decipher.update(ct.subarray(0, end)), decipher.final()]);
}

/** HMAC-SHA-256. */
export function hmac(key: Uint8Array, ...parts: Uint8Array[]): Buffer {
  const mac = createHmac("sha256", key);
  for (const part of parts) mac.update(part);
  return mac.digest();
}

/** DeriveKeyPair (§7.1.3). @returns The private key, without the rare second try. */
export function deriveKey(ikm: Uint8Array): Buffer {
  const prk = extract(KEM_ID, Buffer.alloc(0), "dkp_prk", ikm);
  return expand(KEM_ID, prk, "candidate", Buffer.of(0), 32);
}

function diffieHellman(privateKey: Uint8Array, publicKey: Uint8Array): Buffer {
  const ecdh = createECDH(CURVE);
  ecdh.setPrivateKey(privateKey);
  return ecdh.computeSecret(publicKey);
}

/** The uncompressed point, 65 bytes. */
export function publicOf(privateKey: Uint8Array): Buffer {
  const ecdh = createECDH(CURVE);
  ecdh.setPrivateKey(privateKey);
  return ecdh.getPublicKey();
}

/** LabeledExtract (§4). */
function extract(id: Buffer, salt: Uint8Array, label: string, ikm: Uint8Array): Buffer {
  return hmac(salt, Buffer.from("HPKE-v1"), id, Buffer.from(label), ikm);
}

/** LabeledExpand (§4), up to the length of one hash. */
function expand(id: Buffer, prk: Uint8Array, label: string, info: Uint8Array, length: number) {
  const all = [
    Buffer.of(length >> 8, length),
    Buffer.from("HPKE-v1"),
    id,
    Buffer.from(label),
    info,
  ];
  return hmac(prk, ...all, Buffer.of(1)).subarray(0, length);
}
