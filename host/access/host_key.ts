// The host's key: created once, and kept in the state folder, readable only for its owner.
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import {
  asRecord,
  asString,
  fingerprintOf,
  fromBase64url,
  LighthouseError,
  rawPublicKey,
} from "../../wire/mod.ts";
import { checkPrivate, createPrivateFile } from "../platform/private_file.ts";
import { openFolder } from "./records.ts";

/** The host's key pair. */
export interface Identity {
  keys: CryptoKeyPair;
  /** The same private key, for signing this host's registry entry: docs/security.md, "One key, two uses". */
  signingKey: CryptoKey;
  /** The raw public key, 65 bytes: pages pin it. */
  publicKey: Uint8Array<ArrayBuffer>;
  /** Its SHA-256, in base64url. */
  fingerprint: string;
}

const ALGORITHM = { name: "ECDH", namedCurve: "P-256" };

/**
 * Reads the host's key, and creates it if there is none.
 *
 * @param state The state folder.
 * @throws {LighthouseError} `bad-config` if others can read the file or replace it, or it holds no key.
 */
export async function readIdentity(state: string): Promise<Identity> {
  openFolder(state);
  const path = join(state, "host.key");
  try {
    checkPrivate(path, "can pretend to be this host", "pair all devices anew");
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== "ENOENT") throw error;
    // If another process is faster, its key is the host's.
    await createPrivateFile(path, await newKey());
  }
  const text = await readFile(path, "utf8");
  try {
    return await parseIdentity(JSON.parse(text));
  } catch (cause) {
    // The error has neither the text nor the cause, whose message may repeat the text.
    throw new LighthouseError(
      "bad-config",
      `Cannot use ${path}: it is no P-256 key as this program writes it. Restore it from a backup; ` +
        "without it, each device must be paired anew",
      { cause },
    );
  }
}

async function newKey(): Promise<string> {
  const { privateKey } = await crypto.subtle.generateKey(ALGORITHM, true, ["deriveBits"]);
  const { kty, crv, x, y, d } = await crypto.subtle.exportKey("jwk", privateKey);
  return `${JSON.stringify({ kty, crv, x, y, d })}\n`;
}

async function parseIdentity(value: unknown): Promise<Identity> {
  const jwk = asRecord(value, "host.key");
  const [x, y, d] = ["x", "y", "d"].map((name) => asString(jwk[name], name, 64));
  const key = { kty: "EC", crv: "P-256", x, y };
  const raw = Uint8Array.of(4, ...fromBase64url(x!), ...fromBase64url(y!));
  const keys = {
    publicKey: await crypto.subtle.importKey("raw", raw, ALGORITHM, true, []),
    privateKey: await crypto.subtle.importKey("jwk", { ...key, d }, ALGORITHM, false, [
      "deriveBits",
    ]),
  };
  const signing = { name: "ECDSA", namedCurve: "P-256" };
  const signingKey = await crypto.subtle.importKey("jwk", { ...key, d }, signing, false, ["sign"]);
  const publicKey = await rawPublicKey(keys);
  return { keys, signingKey, publicKey, fingerprint: await fingerprintOf(publicKey) };
}
