// The way that a page's bytes take, in one word and in several.
import { isIPv6 } from "node:net";
import { isPublic } from "../platform/addresses.ts";
import type { PeerPath } from "./peer.ts";

/**
 * A way, the best first:
 * - `direct`: within one network, or between public addresses;
 * - `mapped`: to a port that the host's router maps;
 * - `router`: through NATs, by what a STUN server saw;
 * - `quic`: by WebTransport, straight to this host;
 * - `turn`: through a TURN server of either end;
 * - `relayed`: through the relay that brings the signals.
 */
export type Way = "direct" | "mapped" | "router" | "quic" | "turn" | "relayed";

const WORDS: Readonly<Record<Way, string>> = {
  direct: "directly",
  mapped: "to a mapped port",
  router: "through a router",
  quic: "by QUIC",
  turn: "through a TURN server",
  relayed: "through the relay",
};

/** The way in words, as after "connected". */
export function describeWay(way: Way): string {
  return WORDS[way];
}

/**
 * The way of a connection's packets.
 *
 * A candidate that was learned from a check (`prflx`) belongs to a page that hides its address, or that a
 * NAT stands before: its address tells which.
 */
export function wayOf(path: PeerPath | "quic" | "relayed"): Way {
  if (path === "quic" || path === "relayed") return path;
  const { local, remote, remoteAddress, isMapped } = path;
  if (local === "relay" || remote === "relay") return "turn";
  const isFar = local === "srflx" || remote === "srflx" ||
    (remote === "prflx" && remoteAddress !== undefined && !isPrivate(remoteAddress));
  if (!isFar) return "direct";
  return isMapped ? "mapped" : "router";
}

/** An address inside of a network, of a provider's NAT, or any of IPv6, which has no NAT. */
function isPrivate(address: string): boolean {
  return isIPv6(address) || !isPublic(address);
}
