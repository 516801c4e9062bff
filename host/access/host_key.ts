// The host's own key: made once, kept in the state folder, readable for its owner alone.
import { readFile, stat } from "node:fs/promises";
import { join } from "node:path";
import process from "node:process";
import {
  asRecord,
  asString,
  fingerprintOf,
  fromBase64url,
  LighthouseError,
  rawPublicKey,
} from "../../wire/mod.ts";
import { createPrivateFile } from "../platform/private_file.ts";

/** Who this host is to pages. */
export interface Identity {
  keys: CryptoKeyPair;
  /** The same private key, to sign this host's registry entry: docs/security.md, "One key, two uses". */
  signingKey: CryptoKey;
  /** The raw public key, 65 bytes: pages pin it. */
  publicKey: Uint8Array<ArrayBuffer>;
  /** Its SHA-256, in base64url. */
  fingerprint: string;
}

const ALGORITHM = { name: "ECDH", namedCurve: "P-256" };

/**
 * Reads the host's key, and makes it where there is none.
 *
 * @param state The state folder.
 * @throws {LighthouseError} `bad-config` where others can read it, or it is none.
 */
export async function readIdentity(state: string): Promise<Identity> {
  const path = join(state, "host.key");
  try {
    await checkOwned(path);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== "ENOENT") throw error;
    // Another process may be faster: then its key is the host's.
    await createPrivateFile(path, await newKey());
  }
  const text = await readFile(path, "utf8");
  try {
    return await parseIdentity(JSON.parse(text));
  } catch (cause) {
    // Neither the text nor the cause's own words, which may repeat it.
    throw new LighthouseError(
      "bad-config",
      `Cannot use ${path}: it is no P-256 key as this program writes it. Restore it from a backup; ` +
        "without it, each device must be paired anew",
      { cause },
    );
  }
}

/** @throws {LighthouseError} `bad-config` where somebody else can read the file, or is its owner. */
async function checkOwned(path: string): Promise<void> {
  const { mode, uid } = await stat(path);
  // Windows has no such modes.
  if (process.platform === "win32") return;
  const user = process.getuid?.();
  if (uid !== user && user !== 0) {
    throw new LighthouseError("bad-config", `Cannot use ${path}: it belongs to another user`);
  }
  if (mode & 0o077) {
    throw new LighthouseError(
      "bad-config",
      `Cannot use ${path}: others can read it, and whoever has it can pretend to be this host. ` +
        `If nobody has read it, chmod 600 ${path}; else delete it and pair all devices anew`,
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
