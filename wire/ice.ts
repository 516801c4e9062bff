// Settings of ICE that page and host share.
import { LighthouseError } from "./error.ts";

/** The STUN server that both ends use unless told otherwise: public, and named in README.md. */
export const DEFAULT_STUN = "stun:stun.l.google.com:19302";

/** Most STUN servers that an end takes. libdatachannel asks one of them. */
const MAX_SERVERS = 8;

/** A name or an IPv4 address, or an IPv6 address in brackets; then the port, captured. */
const STUN_URI = /^stun:(?:[\w.-]+|\[[\da-f:.]+\])(?::(\d{1,5}))?$/i;

/**
 * Reads STUN servers: `stun:host:port` each (RFC 7064), separated by spaces or commas; `none` for
 * none; nothing for {@linkcode DEFAULT_STUN}.
 *
 * @throws {LighthouseError} `bad-config` with the server that is wrong.
 */
export function parseStunServers(text: string): string[] {
  const servers = text.split(/[\s,]+/).filter(Boolean);
  if (servers.length === 0) return [DEFAULT_STUN];
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
  return servers;
}
