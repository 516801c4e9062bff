// Parses a page's session description strictly, and writes it anew from the parsed values.
//
// libdatachannel uses its own threads, and an exception there ends the process uncatchably. So its parser
// never sees a page's text, but one that is made of checked values.
//
// The grammar: RFC 8866 (SDP), RFC 8839 (ICE), RFC 8841 (SCTP over DTLS), RFC 8122 (fingerprint),
// RFC 8842 (setup).
import { isIP } from "node:net";
import { LighthouseError } from "../../wire/mod.ts";

/** The values of an offer of a data channel. */
export interface Offer {
  /** ICE user name fragment, 4 to 256 characters. */
  ufrag: string;
  /** ICE password, 22 to 256 characters. */
  password: string;
  /** SHA-256 of the DTLS certificate: 32 bytes as upper-case hex, joined by colons. */
  fingerprint: string;
  /** The media section's name. */
  mid: string;
  sctpPort: number;
  /** Largest message that the page accepts, in bytes: at least 65,536, or 0 for no limit. */
  maxMessageSize: number;
  candidates: Candidate[];
}

/** One UDP candidate. */
export interface Candidate {
  foundation: string;
  priority: number;
  /** An IPv4 or IPv6 address, or a browser's mDNS name (`….local`). */
  address: string;
  port: number;
  type: "host" | "srflx" | "prflx" | "relay";
}

/** Most candidates that are kept. A browser sends up to 20. */
const MAX_CANDIDATES = 32;
const MAX_LINES = 256;

/** The default of max-message-size (RFC 8841 §6.1). Each message of a session fits in. */
const MIN_MESSAGE_SIZE = 65536;

const ICE_CHARS = /^[A-Za-z0-9+/]+$/;
const MDNS_NAME = /^[0-9a-f-]{1,63}\.local$/i;

/**
 * Parses an offer with one data-channel section and no other. It keeps only candidates of UDP with an
 * address or an mDNS name, and only attributes that a data channel needs.
 *
 * @throws {LighthouseError} `bad-offer` with the wrong line.
 */
export function parseOffer(sdp: string): Offer {
  const lines = sdp.split(/\r?\n/).filter(Boolean);
  if (lines.length > MAX_LINES) throw bad(`it has more than ${MAX_LINES} lines`);
  if (lines[0] !== "v=0") throw bad("it does not start with v=0");
  const media = lines.filter((line) => line.startsWith("m="));
  if (
    media.length !== 1 ||
    !/^m=application \d{1,5} UDP\/DTLS\/SCTP webrtc-datachannel$/.test(media[0]!)
  ) {
    throw bad("it needs one section, m=application … UDP/DTLS/SCTP webrtc-datachannel");
  }
  // An offer must be actpass: the answer chooses who opens DTLS (RFC 8842 §5.2).
  if (only(lines, "setup") !== "actpass") throw bad("a=setup is not actpass");
  return {
    ufrag: iceChars(only(lines, "ice-ufrag"), "ice-ufrag", 4),
    password: iceChars(only(lines, "ice-pwd"), "ice-pwd", 22),
    fingerprint: parseFingerprint(attributes(lines, "fingerprint")),
    mid: parseMid(only(lines, "mid")),
    sctpPort: integer(only(lines, "sctp-port"), "sctp-port", 1, 65535),
    maxMessageSize: parseMaxMessageSize(optional(lines, "max-message-size")),
    candidates: attributes(lines, "candidate").map(parseCandidate)
      .filter((candidate) => candidate !== undefined).slice(0, MAX_CANDIDATES),
  };
}

/** Formats an offer in libdatachannel's own form. */
export function formatOffer(offer: Offer): string {
  const { ufrag, password, fingerprint, mid, sctpPort, maxMessageSize } = offer;
  return [
    "v=0",
    "o=- 1 1 IN IP4 127.0.0.1",
    "s=-",
    "t=0 0",
    `a=group:BUNDLE ${mid}`,
    "m=application 9 UDP/DTLS/SCTP webrtc-datachannel",
    "c=IN IP4 0.0.0.0",
    `a=mid:${mid}`,
    "a=sendrecv",
    `a=ice-ufrag:${ufrag}`,
    `a=ice-pwd:${password}`,
    `a=fingerprint:sha-256 ${fingerprint}`,
    "a=setup:actpass",
    `a=sctp-port:${sctpPort}`,
    `a=max-message-size:${maxMessageSize}`,
    ...offer.candidates.map(({ foundation, priority, address, port, type }) =>
      `a=candidate:${foundation} 1 UDP ${priority} ${address} ${port} typ ${type}`
    ),
    "a=end-of-candidates",
    "",
  ].join("\r\n");
}

/**
 * The priority of the mapped port's candidate (RFC 8445 §5.1.2.1): above those of STUN, which do not lead
 * in from behind every NAT, and below the machine's own addresses.
 */
const MAPPED_PRIORITY = 100 * 2 ** 24 + 65535 * 2 ** 8 + 255;

/**
 * Adds the router's mapped port to the candidates of an answer (RFC 8839 §5.1). It replaces the same port
 * as a STUN server has seen it.
 */
export function addMappedPort(sdp: string, outer: { address: string; port: number }): string {
  const { address, port } = outer;
  if (isIP(address) !== 4 || !Number.isInteger(port) || port < 1 || port > 65535) return sdp;
  const candidate = `a=candidate:mapped 1 UDP ${MAPPED_PRIORITY} ${address} ${port} typ srflx ` +
    "raddr 0.0.0.0 rport 0\r\n";
  const others = sdp.split(/(?<=\n)/).filter((line) =>
    !(line.startsWith("a=candidate:") && line.includes(` ${address} ${port} typ srflx`))
  );
  const end = others.findIndex((line) => line.startsWith("a=end-of-candidates"));
  return others.toSpliced(end < 0 ? others.length : end, 0, candidate).join("");
}

function attributes(lines: string[], name: string): string[] {
  const start = `a=${name}:`;
  return lines.filter((line) => line.startsWith(start)).map((line) => line.slice(start.length));
}

function optional(lines: string[], name: string): string | undefined {
  const values = new Set(attributes(lines, name));
  if (values.size > 1) throw bad(`it has several a=${name} lines that differ`);
  return [...values][0];
}

function only(lines: string[], name: string): string {
  const value = optional(lines, name);
  if (value === undefined) throw bad(`it has no a=${name} line`);
  return value;
}

function iceChars(value: string, name: string, min: number): string {
  if (value.length < min || value.length > 256 || !ICE_CHARS.test(value)) {
    throw bad(`a=${name} is not ${min} to 256 characters of A-Z a-z 0-9 + /`);
  }
  return value;
}

/** Finds the SHA-256 fingerprint: there may be several hashes (RFC 8122 §5.1). */
function parseFingerprint(values: string[]): string {
  const hashes = new Set(values.filter((value) => /^sha-256 /i.test(value)));
  const match = /^sha-256 ((?:[0-9a-f]{2}:){31}[0-9a-f]{2})$/i.exec([...hashes].join());
  if (!match) throw bad("a=fingerprint is not one sha-256 with 32 bytes in hex");
  return match[1]!.toUpperCase();
}

function parseMid(value: string): string {
  if (!/^[A-Za-z0-9_-]{1,32}$/.test(value)) throw bad("a=mid is not a short name");
  return value;
}

/** Refuses a limit below 65,536: node-datachannel would throw when the host sends a message. */
function parseMaxMessageSize(value = String(MIN_MESSAGE_SIZE)): number {
  if (value === "0") return 0;
  return integer(value, "max-message-size", MIN_MESSAGE_SIZE, 2 ** 32);
}

function integer(value: string, name: string, min: number, max: number): number {
  const number = /^\d{1,10}$/.test(value) ? Number(value) : NaN;
  if (!(number >= min && number <= max)) throw bad(`a=${name} is not ${min} to ${max}`);
  return number;
}

/** Parses a candidate. Undefined for a useless one: TCP, another component, a host name. */
function parseCandidate(value: string): Candidate | undefined {
  const fields = value.split(" ");
  const [foundation, component, transport, priority, address, port, typ, type] = fields;
  if (fields.length < 8 || typ !== "typ" || !/^[A-Za-z0-9+/]{1,32}$/.test(foundation!)) {
    throw bad("an a=candidate line is malformed");
  }
  const candidate = {
    foundation: foundation!,
    priority: integer(priority!, "candidate's priority", 0, 2 ** 32 - 1),
    address: address!,
    port: integer(port!, "candidate's port", 0, 65535),
  };
  const isUsable = component === "1" && transport!.toLowerCase() === "udp" && candidate.port > 0 &&
    (isAddress(candidate.address) || MDNS_NAME.test(candidate.address));
  if (!isUsable) return undefined;
  if (type !== "host" && type !== "srflx" && type !== "prflx" && type !== "relay") return undefined;
  return { ...candidate, type };
}

/** The address without its zone (`fe80::1%…`), which has a meaning only on its own machine. */
function isAddress(text: string): boolean {
  return isIP(text) !== 0 && !text.includes("%");
}

function bad(why: string): LighthouseError {
  return new LighthouseError("bad-offer", `Cannot take the session description: ${why}`);
}
