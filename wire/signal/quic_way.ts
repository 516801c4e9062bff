// Where a page reaches the host by WebTransport, as the sealed answer tells it (docs/wire.md, "Over
// WebTransport").
import { fromBase64url } from "../base64url.ts";
import { asRecord } from "../parse.ts";
import { parseUrl } from "../parse_url.ts";
import { TICKET_BYTES } from "../session/stripe_preamble.ts";
import { asBytes } from "./signal.ts";

/** Most addresses. */
const MAX_ADDRESSES = 8;

/** Bytes of a SHA-256. */
const HASH_BYTES = 32;

/** A literal address and a port: names would tell a resolver where this page connects. */
const AUTHORITY = /^(?:\d{1,3}(?:\.\d{1,3}){3}|\[[\da-fA-F:.]{2,45}\]):(\d{1,5})$/;

/** The host's QUIC endpoint. */
export interface QuicWay {
  /** IP addresses with ports, as in URLs, the best first: `192.0.2.1:4433`, `[2001:db8::1]:4433`. */
  addresses: string[];
  /** SHA-256 of its certificate, 32 bytes. */
  hash: Uint8Array<ArrayBuffer>;
  /** What each of the page's streams begins with, 32 bytes. */
  ticket: Uint8Array<ArrayBuffer>;
}

/**
 * Reads where the host is reached. Addresses that this version cannot read are left out.
 *
 * @throws {TypeError} If it is malformed.
 */
export function parseQuicWay(value: unknown, path: string): QuicWay {
  const { addresses, hash, ticket } = asRecord(value, path);
  if (!Array.isArray(addresses)) {
    throw new TypeError(`Cannot parse ${path}.addresses: expected a list`);
  }
  return {
    addresses: addresses.filter(isAuthority).slice(0, MAX_ADDRESSES),
    hash: fromBase64url(asBytes(hash, `${path}.hash`, HASH_BYTES)),
    ticket: fromBase64url(asBytes(ticket, `${path}.ticket`, TICKET_BYTES)),
  };
}

function isAuthority(value: unknown): value is string {
  if (typeof value !== "string") return false;
  const port = Number(AUTHORITY.exec(value)?.[1]);
  return port > 0 && port < 65_536 && parseUrl(`https://${value}`) !== null;
}
