// Admission values: what a page or a host shows to the relay at its handshake, so that strangers do not
// get a connection. The host makes them with a key that it writes into the registry, and the relay checks
// them with that key: docs/connecting.md, "Admission".
//
//   value         = base64url of:  expiry (4, big endian, seconds since 1970)   MAC (12)
//   MAC           = the first 12 bytes of HMAC-SHA-256(key, "lighthouse admission 1" 0 host 0 expiry)
//   subprotocols  = "lighthouse", "admit." host [ "." value ]
//
// A host whose key the relay has been deployed with shows a proof in place of a value: registration.ts.
//
//   subprotocols  = "lighthouse", "register." host "." time "." signature
//
// In the registry s3 the key is the object `admission/<host>.json`: {"key":"<base64url>"} or {"key":"open"}.
import { toBase64url } from "../base64url.ts";

type Bytes = Uint8Array<ArrayBuffer>;

/** Bytes of an admission key, and of a value's expiry and MAC. */
export const ADMISSION_KEY_BYTES = 32;
const EXPIRY_BYTES = 4;
const MAC_BYTES = 12;

/** Bytes of an admission value. */
export const ADMISSION_BYTES = EXPIRY_BYTES + MAC_BYTES;

/** The subprotocol that a relay selects if it knows admissions. */
export const SUBPROTOCOL = "lighthouse";

/** In place of a key, in the registry: everybody may connect. */
export const OPEN = "open";

const LABEL = "lighthouse admission 1";

/** What a client shows of admissions. */
export interface ShownAdmission {
  /** The host that it wants to reach, or is. */
  host: string;
  /** Undefined if it has no value: it may reach hosts that are open. */
  value?: string;
  /** The host's own proof. */
  proof?: HostProof;
}

/** Shows that a connection is a host's: registration.ts makes it. */
export interface HostProof {
  /** By the host's clock, in milliseconds since 1970. */
  time: number;
  /** ECDSA with P-256 and SHA-256, r and s, in base64url. */
  signature: string;
}

/**
 * Makes an admission value.
 *
 * @param key The admission key, in base64url.
 * @param expires Its end, in seconds since 1970.
 */
export async function makeAdmission(key: string, host: string, expires: number): Promise<string> {
  const bytes = new Uint8Array(ADMISSION_BYTES);
  new DataView(bytes.buffer).setUint32(0, expires);
  const expiry = bytes.subarray(0, EXPIRY_BYTES);
  const algorithm = { name: "HMAC", hash: "SHA-256" };
  const raw = bytesOf(key);
  const imported = await crypto.subtle.importKey("raw", raw, algorithm, false, ["sign"]);
  const label = new TextEncoder().encode(`${LABEL}\0${host}\0`);
  const signed = new Uint8Array([...label, ...expiry]);
  const mac = await crypto.subtle.sign("HMAC", imported, signed);
  bytes.set(new Uint8Array(mac, 0, MAC_BYTES), EXPIRY_BYTES);
  return toBase64url(bytes);
}

/**
 * Whether an admission value is the host's, and has not expired. Takes the same time for any wrong value.
 *
 * @param key The host's admission key, in base64url.
 * @param now In milliseconds since 1970.
 */
export async function isAdmission(
  { host, value = "" }: ShownAdmission,
  key: string,
  now: number,
): Promise<boolean> {
  if (!/^[\w-]{22}$/.test(value) || !isAdmissionKey(key)) return false;
  const expires = expiryOf(value);
  const right = await makeAdmission(key, host, expires);
  let difference = 0;
  for (let at = 0; at < right.length; at++) {
    difference |= right.charCodeAt(at) ^ value.charCodeAt(at);
  }
  return difference === 0 && expires * 1000 > now;
}

/** Whether a text has the form of an admission key. */
export function isAdmissionKey(text: string): boolean {
  return /^[\w-]{43}$/.test(text);
}

/** The end of an admission value, in seconds since 1970. */
export function expiryOf(value: string): number {
  return new DataView(bytesOf(value.slice(0, 6)).buffer).getUint32(0);
}

/** The subprotocols for a handshake. */
export function formatProtocols({ host, value }: ShownAdmission): string[] {
  return [SUBPROTOCOL, ["admit", host, ...value === undefined ? [] : [value]].join(".")];
}

/** The subprotocols for the handshake of a host that registers by the relay. */
export function formatProof(host: string, { time, signature }: HostProof): string[] {
  return [SUBPROTOCOL, ["register", host, time, signature].join(".")];
}

const ADMIT = /^admit\.([a-z\d](?:[a-z\d-]{0,30}[a-z\d])?)(?:\.([\w-]{22}))?$/;
const REGISTER = /^register\.([a-z\d](?:[a-z\d-]{0,30}[a-z\d])?)\.(\d{1,15})\.([\w-]{86})$/;

/**
 * Reads the first admission or proof of the subprotocols that a client offers.
 *
 * @returns Undefined if there is none, or it is malformed.
 */
export function parseProtocols(protocols: readonly string[]): ShownAdmission | undefined {
  const shown = protocols.find((protocol) => /^(?:admit|register)\./.test(protocol)) ?? "";
  const [, host, value] = ADMIT.exec(shown) ?? [];
  if (host !== undefined) return { host, value };
  const [, name, time, signature] = REGISTER.exec(shown) ?? [];
  if (name === undefined) return undefined;
  return { host: name, proof: { time: Number(time), signature: signature! } };
}

/** The key of a host's admission object in its bucket. */
export function admissionObject(host: string): string {
  return `admission/${host}.json`;
}

/** Writes an admission object. @param key The admission key, or `open`. */
export function formatAdmissionObject(key: string): string {
  return JSON.stringify({ key });
}

/** Reads an admission object. @throws {SyntaxError} If it is not JSON. */
export function parseAdmissionObject(text: string): string {
  return String(JSON.parse(text)?.key);
}

function bytesOf(text: string): Bytes {
  const decoded = atob(text.replaceAll("-", "+").replaceAll("_", "/"));
  return Uint8Array.from(decoded, (sign) => sign.charCodeAt(0));
}
