// A host's registration by the relay, for a host that has no right to write the registry. The relay was
// deployed with the host's public key, and takes what that key has signed: docs/security.md, "Registration
// without an AWS key".
//
//   handshake        "register." host "." time "." signature       in place of an admission: admission.ts
//   host → relay     {"action":"hostSignal","to":"registry","host":…,"data":<request>}
//     look           {"type":"look","nonce":…,"time":…,"signature":…}
//     write          {"type":"write","nonce":…,"time":…,"revision":…,"connectionId"?:…,"entry":…,
//                     "admission"?:…,"signature":…}
//   relay → host     {"from":"registry","data":<answer>}
//     to look        {"nonce":…,"revision":…,"entry"?:…,"admission"?:…}
//     to write       {"nonce":…,"revision"?:…}           without a revision: another one has been written
//
// A signature covers the sender's connectionId, so nobody else can use a request again; the time, which
// must be near the relay's and later than that of the entry that is replaced, so neither can the host's
// own relay; and the revision that the host has read, so of two hosts that race, one writes.
import { fromBase64url, toBase64url } from "../base64url.ts";
import { LighthouseError } from "../error.ts";
import { asRecord, asString } from "../parse.ts";
import { type HostProof, isAdmissionKey, OPEN } from "./admission.ts";
import { parseConnectionId } from "./envelope.ts";
import { type HostEntry, parseHostEntry, signHostEntry } from "./host_entry.ts";

/** Most milliseconds by which a host's clock may differ from the relay's. */
export const MAX_SKEW_MS = 300_000;

/** What the host asks of the registry. */
export type RegistryRequest = LookRequest | WriteRequest;

/** Asks for the entry. */
export interface LookRequest {
  type: "look";
  /** Returns in the answer. */
  nonce: string;
  /** By the host's clock, in milliseconds since 1970. */
  time: number;
  /** ECDSA with P-256 and SHA-256, r and s, in base64url. */
  signature: string;
}

/** Replaces the entry. */
export interface WriteRequest extends Omit<LookRequest, "type"> {
  type: "write";
  /** The revision that is replaced, as the answer to a look has it; empty if there was no entry. */
  revision: string;
  /** The sender's own connectionId; undefined if the host leaves. */
  connectionId?: string;
  /** The signature of the new entry, whose time is the request's: host_entry.ts. */
  entry: string;
  /** The host's admission key, or `open`; undefined leaves it as it is. */
  admission?: string;
}

/** What the registry answers. */
export interface RegistryAnswer {
  /** That of the request. */
  nonce: string;
  /**
   * The entry's revision, empty if there is none. Undefined in the answer to a write that was not made,
   * since the revision was another one.
   */
  revision?: string;
  /** In the answer to a look: the entry, unless there is none or it cannot be read. */
  entry?: HostEntry;
  /** In the answer to a look: the admission key, or `open`. */
  admission?: string;
}

/** A request before it is signed. */
export type Unsigned = Omit<LookRequest, "signature"> | Omit<WriteRequest, "signature" | "entry">;

/** Who signs. */
export interface Signer {
  /** The host's name. */
  host: string;
  /** The host's raw public key. */
  hostKey: Uint8Array;
  /** The private key of `hostKey`, for ECDSA. */
  signingKey: CryptoKey;
}

const ALGORITHM = { name: "ECDSA", hash: "SHA-256" };

/** Tell these signatures from others of the same key. */
const CONNECT = "lighthouse host connect 1";
const REQUEST = "lighthouse host registry 1";

/** Makes the proof that a host shows when it connects. @param time By its clock, in milliseconds. */
export async function proveHost({ host, signingKey }: Signer, time: number): Promise<HostProof> {
  return { time, signature: await sign(signingKey, [CONNECT, host, time]) };
}

/**
 * Whether a proof is of the holder of a key, and new.
 *
 * @param hostKey The host's raw public key, in base64url.
 * @param now In milliseconds since 1970.
 */
export async function isProvenHost(
  host: string,
  { time, signature }: HostProof,
  hostKey: string,
  now: number,
): Promise<boolean> {
  return isNear(time, now) && await isSigned(hostKey, signature, [CONNECT, host, time]);
}

/** Signs a request. @param sender The connection that it goes by. */
export async function signRequest(
  request: Unsigned,
  sender: string,
  signer: Signer,
): Promise<RegistryRequest> {
  const { host, hostKey, signingKey } = signer;
  if (request.type === "look") {
    return { ...request, signature: await sign(signingKey, signedOf(request, host, sender)) };
  }
  const { connectionId, time } = request;
  const text = await signHostEntry({ host, connectionId, time, hostKey, signingKey });
  const whole = { ...request, entry: parseHostEntry(text, host).signature };
  return { ...whole, signature: await sign(signingKey, signedOf(whole, host, sender)) };
}

/**
 * Whether the holder of a key has signed a request for this connection.
 *
 * @param hostKey The host's raw public key, in base64url.
 */
export async function isRequestOf(
  request: RegistryRequest,
  { host, sender, hostKey }: { host: string; sender: string; hostKey: string },
): Promise<boolean> {
  return await isSigned(hostKey, request.signature, signedOf(request, host, sender));
}

/** Whether a time is near enough to the relay's own. Both in milliseconds since 1970. */
export function isNear(time: number, now: number): boolean {
  return Math.abs(time - now) <= MAX_SKEW_MS;
}

/**
 * Reads a request.
 *
 * @throws {LighthouseError} `bad-message` with the path of the wrong value.
 */
export function parseRequest(value: unknown): RegistryRequest {
  try {
    const request = asRecord(value, "data");
    const { type, time, revision, connectionId, admission } = request;
    const common = {
      nonce: asToken(request.nonce, "data.nonce", 64),
      time: parseTime(time),
      signature: asToken(request.signature, "data.signature", 128),
    };
    if (type === "look") return { type, ...common };
    if (type !== "write") throw new TypeError('Cannot parse data.type: expected "look" or "write"');
    return {
      type,
      ...common,
      revision: revision === "" ? "" : asToken(revision, "data.revision", 128),
      ...connectionId !== undefined && {
        connectionId: parseConnectionId(connectionId, "data.connectionId"),
      },
      entry: asToken(request.entry, "data.entry", 128),
      ...admission !== undefined && { admission: parseAdmission(admission) },
    };
  } catch (error) {
    throw LighthouseError.from(error, "bad-message");
  }
}

/**
 * Reads an answer, and leaves the entry's signature to `isSignedBy`.
 *
 * @param host The host that the entry must be of.
 * @throws {LighthouseError} `bad-message` with the path of the wrong value.
 */
export function parseRegistryAnswer(value: unknown, host: string): RegistryAnswer {
  try {
    const { nonce, revision, entry, admission } = asRecord(value, "the registry's answer");
    return {
      nonce: asToken(nonce, "nonce", 64),
      ...revision !== undefined && {
        revision: revision === "" ? "" : asToken(revision, "revision", 128),
      },
      ...entry !== undefined && { entry: parseHostEntry(JSON.stringify(entry), host) },
      ...admission !== undefined && { admission: asString(admission, "admission", 64) },
    };
  } catch (error) {
    throw LighthouseError.from(error, "bad-message");
  }
}

/** A text without spaces and line feeds: signed texts are joined by these. */
function asToken(value: unknown, path: string, max: number): string {
  const text = asString(value, path, max);
  if (/^[!-~]+$/.test(text)) return text;
  throw new TypeError(`Cannot parse ${path}: expected ASCII characters without spaces`);
}

function parseTime(value: unknown): number {
  if (Number.isSafeInteger(value) && value as number >= 0) return value as number;
  throw new TypeError("Cannot parse data.time: expected milliseconds since 1970");
}

function parseAdmission(value: unknown): string {
  if (typeof value === "string" && (value === OPEN || isAdmissionKey(value))) return value;
  throw new TypeError(`Cannot parse data.admission: expected a key or "${OPEN}"`);
}

function signedOf(
  request: Unsigned & { entry?: string },
  host: string,
  sender: string,
): (string | number)[] {
  const { type, nonce, time } = request;
  const common = [REQUEST, type, host, sender, nonce, time];
  if (request.type === "look") return common;
  const { revision, connectionId = "", entry = "", admission = "" } = request;
  return [...common, revision, connectionId, entry, admission];
}

async function sign(key: CryptoKey, parts: (string | number)[]): Promise<string> {
  const signature = await crypto.subtle.sign(ALGORITHM, key, bytesOf(parts));
  return toBase64url(new Uint8Array(signature));
}

async function isSigned(
  hostKey: string,
  signature: string,
  parts: (string | number)[],
): Promise<boolean> {
  try {
    const curve = { name: "ECDSA", namedCurve: "P-256" };
    const key = await crypto.subtle.importKey("raw", fromBase64url(hostKey), curve, false, [
      "verify",
    ]);
    return await crypto.subtle.verify(ALGORITHM, key, fromBase64url(signature), bytesOf(parts));
  } catch {
    // A signature that is not base64url, or a key that is none.
    return false;
  }
}

function bytesOf(parts: (string | number)[]): Uint8Array<ArrayBuffer> {
  return new TextEncoder().encode(parts.join("\n"));
}
