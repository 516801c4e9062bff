// What an end sees of its network: the `report` of a sealed offer and of its answer. Both ends judge by
// both reports (../diagnosis/diagnose.ts). A report names kinds and states, and no address.

/**
 * A kind of candidate (RFC 8445 §5.1.1): an address of the machine that a browser hides behind an mDNS
 * name, a private or public one of IPv4 or IPv6, one that a STUN server has seen, or a TURN server's.
 */
export type CandidateKind = typeof KINDS[number];

const KINDS = [
  "mdns",
  "private4",
  "private6",
  "public4",
  "public6",
  "srflx4",
  "srflx6",
  "relay",
] as const;

/** What one end sees. A member is missing where the end does not know, or has not looked. */
export interface NetworkReport {
  /** Kinds of the candidates that it has found. */
  candidates?: CandidateKind[];
  /** Whether STUN servers are set, and whether one has answered. */
  stun?: "off" | "answers" | "silent";
  /** The mapping behaviour of the NAT (RFC 5780 §4.3). */
  nat?: "none" | "endpoint-independent" | "endpoint-dependent";
  /** Whether TURN servers are set, and whether one serves this end. */
  turn?: "off" | "works" | "unreachable" | "refused";
  /**
   * Of the host: the port that its router maps. `none`: no router answers, or it refuses. `unreachable`:
   * mapped by a router whose own address is not public.
   */
  port?: "off" | "none" | "mapped" | "unreachable";
  /** Of the host: whether sessions may go through the relay, and whether today's budget is spent. */
  relay?: "on" | "off" | "spent";
  /**
   * Of the page: the way of its newest connection from the network in which it is now. `none`: the attempt
   * has failed.
   */
  way?: "direct" | "turn" | "relayed" | "none";
  /** Of the page: what WebRTC lacks in this browser. `off`: all of it. */
  webrtc?: "off";
  /** Of the page: whether the user has denied it the local network (Local Network Access). */
  localNetwork?: "denied";
  /** Of the host: whether a VPN is on. */
  vpn?: "on";
}

type State = Exclude<keyof NetworkReport, "candidates">;

const STATES: { readonly [name in State]: readonly NetworkReport[name][] } = {
  stun: ["off", "answers", "silent"],
  nat: ["none", "endpoint-independent", "endpoint-dependent"],
  turn: ["off", "works", "unreachable", "refused"],
  port: ["off", "none", "mapped", "unreachable"],
  relay: ["on", "off", "spent"],
  way: ["direct", "turn", "relayed", "none"],
  webrtc: ["off"],
  localNetwork: ["denied"],
  vpn: ["on"],
};

/**
 * Reads a report. It leaves out what it does not know, as a later version may send it: a report never
 * costs a connection. With all of its members it has some 330 bytes as JSON.
 *
 * @returns Undefined if the value is no object.
 */
export function parseReport(value: unknown): NetworkReport | undefined {
  if (typeof value !== "object" || value === null) return undefined;
  const given = value as Record<string, unknown>;
  const report: Record<string, unknown> = {};
  const { candidates } = given;
  if (Array.isArray(candidates)) {
    report.candidates = KINDS.filter((kind) => candidates.includes(kind));
  }
  for (const [name, states] of Object.entries(STATES)) {
    if ((states as unknown[]).includes(given[name])) report[name] = given[name];
  }
  return report;
}

/** The kinds of UDP candidates in a session description, and of those through TURN. */
export function candidateKinds(sdp: string): CandidateKind[] {
  const found = new Set<string | undefined>();
  for (const [, transport, address, type] of sdp.matchAll(CANDIDATE)) {
    if (transport!.toLowerCase() === "udp") found.add(kindOf(address!, type!));
  }
  return KINDS.filter((kind) => found.has(kind));
}

/** Captures transport, address and type (RFC 8839 §5.1). */
const CANDIDATE = /^a=candidate:\S+ 1 (\S+) \d+ (\S+) \d+ typ (\w+)/gm;

/** @returns Undefined for an address with which no other machine connects. */
function kindOf(address: string, type: string): string | undefined {
  if (type === "relay") return type;
  const version = address.includes(":") ? 6 : 4;
  if (type === "srflx") return `srflx${version}`;
  if (type !== "host") return undefined;
  if (address.endsWith(".local")) return "mdns";
  if (LOCAL.test(address)) return undefined;
  return `${PRIVATE.test(address) ? "private" : "public"}${version}`;
}

/** Whether an address, without brackets, is of this machine or of its own network, and not of the internet. */
export function isInner(address: string): boolean {
  return LOCAL.test(address) || PRIVATE.test(address);
}

/** Loopback and link-local addresses. */
const LOCAL = /^(?:127\.|169\.254\.|::1$|fe[89ab])/i;

/** Private addresses (RFC 1918, RFC 4193), and those of a provider's NAT (RFC 6598). */
const PRIVATE =
  /^(?:10\.|192\.168\.|172\.(?:1[6-9]|2\d|3[01])\.|100\.(?:6[4-9]|[7-9]\d|1[01]\d|12[0-7])\.|f[cd])/i;
