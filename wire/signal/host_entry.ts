// A host's entry in the S3 registry: one object, `hosts/<name>.json`, that names the connection of the
// host. The relay reads it to forward signals, a page to see whether the host is up.
//
//   {"host":"laptop","connectionId"?:"L0SM9c=","time":1795686980000,"hostKey":"B…","signature":"…"}
//
// Without connectionId the host has left. Whoever may write the object could name another connection,
// so the host signs it: docs/security.md, "A stolen right to write the registry".
import { fromBase64url, toBase64url } from "../base64url.ts";
import { LighthouseError } from "../error.ts";
import { asRecord, asString, parseJson } from "../parse.ts";
import { parseConnectionId, parseHostName } from "./envelope.ts";

/** A host's entry. */
export interface HostEntry {
  /** The host's name. */
  host: string;
  /** Its connection to the relay; undefined if it has left. */
  connectionId?: string;
  /** The time of writing by the host's clock, in milliseconds since 1970. */
  time: number;
  /** The host's raw public key, in base64url. */
  hostKey: string;
  /** ECDSA with P-256 and SHA-256 over the other members, r and s, in base64url. */
  signature: string;
}

/** Longest entry accepted, in bytes. */
const MAX_ENTRY_BYTES = 1024;

/**
 * Tells these signatures from others of the same key. The signed bytes are this label and the members,
 * joined by line feeds, which no member can hold.
 */
const LABEL = "lighthouse host entry 1";

const ALGORITHM = { name: "ECDSA", hash: "SHA-256" };

/** The object's key in its bucket. */
export function entryKey(host: string): string {
  return `hosts/${host}.json`;
}

/**
 * Reads an entry, and leaves its signature to {@linkcode isSignedBy}.
 *
 * @param host The host that the entry must be of.
 * @throws {LighthouseError} `bad-message` with the path of the wrong value.
 */
export function parseHostEntry(text: string, host: string): HostEntry {
  try {
    const entry = asRecord(parseJson(text), "the entry");
    if (parseHostName(entry.host) !== host) throw new TypeError("Cannot parse host: it is another");
    const { connectionId, time } = entry;
    if (!Number.isSafeInteger(time) || time as number < 0) {
      throw new TypeError("Cannot parse time: expected milliseconds since 1970");
    }
    return {
      host,
      ...connectionId !== undefined && {
        connectionId: parseConnectionId(connectionId, "connectionId"),
      },
      time: time as number,
      hostKey: asString(entry.hostKey, "hostKey", 128),
      signature: asString(entry.signature, "signature", 128),
    };
  } catch (error) {
    throw LighthouseError.from(error, "bad-message");
  }
}

/**
 * Reads an entry out of a response.
 *
 * @throws {LighthouseError} `too-large`, `bad-message`; the error of the body.
 */
export async function readHostEntry(response: Response, host: string): Promise<HostEntry> {
  return parseHostEntry(await readText(response, MAX_ENTRY_BYTES), host);
}

/**
 * Reads the text of a response, up to a length.
 *
 * @param max Most bytes.
 * @throws {LighthouseError} `too-large`; the error of the body.
 */
export async function readText({ body }: Response, max: number): Promise<string> {
  if (!body) return "";
  const bytes = new Uint8Array(max);
  let length = 0;
  // Safari has no iteration over streams.
  const reader = body.getReader();
  try {
    for (;;) {
      const { done, value } = await reader.read();
      if (done) return new TextDecoder().decode(bytes.subarray(0, length));
      if (length + value.length > max) {
        throw new LighthouseError("too-large", `The answer has more than ${max} bytes`);
      }
      bytes.set(value, length);
      length += value.length;
    }
  } finally {
    reader.cancel().catch(() => {});
  }
}

/** Options of {@linkcode signHostEntry}. */
export interface SignHostEntryOptions extends Pick<HostEntry, "host" | "connectionId" | "time"> {
  /** The host's raw public key. */
  hostKey: Uint8Array;
  /** The private key of `hostKey`, for ECDSA. */
  signingKey: CryptoKey;
}

/** Signs an entry. @returns The text of the object. */
export async function signHostEntry(options: SignHostEntryOptions): Promise<string> {
  const { host, connectionId, time, signingKey } = options;
  const hostKey = toBase64url(options.hostKey);
  const signed = signedBytes({ host, connectionId, time, hostKey });
  const signature = new Uint8Array(await crypto.subtle.sign(ALGORITHM, signingKey, signed));
  return JSON.stringify(
    { host, connectionId, time, hostKey, signature: toBase64url(signature) } satisfies HostEntry,
  );
}

/** Whether the holder of a key has signed the entry. @param hostKey The raw public key. */
export async function isSignedBy(
  entry: HostEntry,
  hostKey: Uint8Array<ArrayBuffer>,
): Promise<boolean> {
  if (entry.hostKey !== toBase64url(hostKey)) return false;
  try {
    const curve = { name: "ECDSA", namedCurve: "P-256" };
    const key = await crypto.subtle.importKey("raw", hostKey, curve, false, ["verify"]);
    const signature = fromBase64url(entry.signature);
    return await crypto.subtle.verify(ALGORITHM, key, signature, signedBytes(entry));
  } catch {
    // A signature that is not base64url.
    return false;
  }
}

function signedBytes(entry: Omit<HostEntry, "signature">): Uint8Array<ArrayBuffer> {
  const { host, connectionId = "", time, hostKey } = entry;
  return new TextEncoder().encode([LABEL, host, connectionId, time, hostKey].join("\n"));
}
