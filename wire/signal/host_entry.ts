// A host's entry in the S3 registry: one object, `hosts/<name>.json`, that says by which connection the
// host is to be reached. The relay reads it to forward, a page to see whether the host is up.
//
//   {"host":"laptop","connectionId"?:"L0SM9c=","time":1795686980000,"hostKey":"B…","signature":"…"}
//
// Without connectionId the host has left. Whoever may write the object could put in another
// connection, so the host signs it: docs/security.md, "A stolen right to write the registry".
import { fromBase64url, toBase64url } from "../base64url.ts";
import { LighthouseError } from "../error.ts";
import { asRecord, asString, parseJson } from "../parse.ts";
import { parseConnectionId, parseHostName } from "./envelope.ts";

/** What a host has said of itself. */
export interface HostEntry {
  /** The host's name. */
  host: string;
  /** Its connection to the relay; undefined where it has left. */
  connectionId?: string;
  /** When it was written, by the host's clock, in milliseconds since 1970. */
  time: number;
  /** The host's raw public key, in base64url. */
  hostKey: string;
  /** ECDSA with P-256 and SHA-256 over all of that, r and s, in base64url. */
  signature: string;
}

/** More than any entry, in bytes. */
export const MAX_ENTRY_BYTES = 1024;

/**
 * Keeps these signatures apart from whatever else the key might sign one day. The bytes that are
 * signed are these lines, joined by line feeds, which none of them can hold.
 */
const LABEL = "lighthouse host entry 1";

const ALGORITHM = { name: "ECDSA", hash: "SHA-256" };

/** The object's key in its bucket. */
export function entryKey(host: string): string {
  return `hosts/${host}.json`;
}

/**
 * Reads an entry. Whether it is signed, {@linkcode isSignedBy} says.
 *
 * @param host Whose it must be.
 * @throws {LighthouseError} `bad-message` with the path of what was wrong.
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
 * Reads an entry out of an answer.
 *
 * @throws {LighthouseError} `too-large`, `bad-message`; what the body fails with.
 */
export async function readHostEntry(response: Response, host: string): Promise<HostEntry> {
  return parseHostEntry(await readText(response, MAX_ENTRY_BYTES), host);
}

/**
 * Reads the text of an answer, of which it takes no more than it may have.
 *
 * @param max In bytes.
 * @throws {LighthouseError} `too-large`; what the body fails with.
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
  /** The private key that belongs to it, for ECDSA. */
  signingKey: CryptoKey;
}

/** Writes an entry down, signed: the object's text. */
export async function signHostEntry(options: SignHostEntryOptions): Promise<string> {
  const { host, connectionId, time, signingKey } = options;
  const hostKey = toBase64url(options.hostKey);
  const signed = signedBytes({ host, connectionId, time, hostKey });
  const signature = new Uint8Array(await crypto.subtle.sign(ALGORITHM, signingKey, signed));
  return JSON.stringify(
    { host, connectionId, time, hostKey, signature: toBase64url(signature) } satisfies HostEntry,
  );
}

/** Whether the holder of a key has written the entry. @param hostKey The raw public key. */
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
