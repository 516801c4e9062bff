// The configuration of ICE, in the same form on page and host.
import { LighthouseError } from "./error.ts";

/** A server that helps ICE (RTCIceServer of https://www.w3.org/TR/webrtc/). */
export interface IceServer {
  /** Such as `stun:host:port`. */
  urls: string[];
  username?: string;
  credential?: string;
}

/** How an end of a connection runs ICE: members of the W3C's RTCConfiguration. */
export interface IceConfig {
  /** Empty: only ends on the same network connect. */
  iceServers: IceServer[];
}

/** The STUN server that both ends use unless told otherwise: public, and run by Google. */
export const DEFAULT_STUN = "stun:stun.l.google.com:19302";

/** Most STUN servers that an end takes. libdatachannel asks one of them. */
const MAX_SERVERS = 8;

/** A name or an IPv4 address, or an IPv6 address in brackets; then the port, captured. */
const STUN_URI = /^stun:(?:[\w.-]+|\[[\da-f:.]+\])(?::(\d{1,5}))?$/i;

/**
 * Reads STUN servers: `stun:host:port` each (RFC 7064), separated by spaces or commas. `none` is an
 * empty list; an empty text is {@linkcode DEFAULT_STUN}.
 *
 * @throws {LighthouseError} `bad-config` with the server that is wrong.
 */
export function parseStunServers(text: string): IceServer[] {
  const servers = text.split(/[\s,]+/).filter(Boolean);
  if (servers.length === 0) return [{ urls: [DEFAULT_STUN] }];
  if (servers.length === 1 && servers[0] === "none") return [];
  if (servers.length > MAX_SERVERS) {
    throw new LighthouseError(
      "bad-config",
      `Cannot use ${servers.length} STUN servers: ${MAX_SERVERS} are the most`,
    );
  }
  for (const server of servers) {
    const match = STUN_URI.exec(server);
    const port = Number(match?.[1] ?? 3478);
    if (!match || port < 1 || port > 65535) {
      throw new LighthouseError(
        "bad-config",
        `Cannot use "${server}" as a STUN server: expected stun:host:port, or none`,
      );
    }
  }
  return servers.map((server) => ({ urls: [server] }));
}

/** Writes servers as {@linkcode parseStunServers} reads them. */
export function formatStunServers(servers: IceServer[]): string {
  return servers.flatMap(({ urls }) => urls).join(" ") || "none";
}
