// The configuration of ICE, in the same form on page and host.
import { LighthouseError } from "./error.ts";
import { asRecord, asString } from "./parse.ts";

/** A server that helps ICE (RTCIceServer of https://www.w3.org/TR/webrtc/). */
export interface IceServer {
  /** Such as `stun:host:port`, `turn:host:port?transport=tcp`, `turns:host:443`. */
  urls: string[];
  username?: string;
  credential?: string;
  /** The end of the credential, in milliseconds since 1970. @default never */
  expires?: number;
}

/** How an end of a connection runs ICE: members of the W3C's RTCConfiguration. */
export interface IceConfig {
  /** Empty: only ends on the same network connect. */
  iceServers: IceServer[];
}

/** The parts of a server's URL. */
export interface IceUrl {
  scheme: "stun" | "turn" | "turns";
  /** A name or an address, without the brackets of IPv6. */
  host: string;
  port: number;
  /** The way to the server: `tls` for `turns:`. */
  transport: "udp" | "tcp" | "tls";
}

/** The STUN server that both ends use unless told otherwise: public, and run by Google. */
export const DEFAULT_STUN = "stun:stun.l.google.com:19302";

/** A second server of the same owner: the usual one has one address, and two tell what NAT there is. */
export const SECOND_STUN = "stun:stun1.l.google.com:19302";

/** Most servers that an end takes, and most URLs of one. libdatachannel asks one STUN server. */
const MAX_SERVERS = 8;

/** Longest user name and credential, in UTF-16 code units: Chromium takes no longer name. */
const MAX_TEXT = 509;

/** A name or an IPv4 address, or an IPv6 address in brackets; then the port and the transport. */
const ICE_URI =
  /^(stun|turns?):([\w.-]+|\[[\da-f:.]+\])(?::(\d{1,5}))?(?:\?transport=(udp|tcp))?$/i;

/**
 * Reads the URL of a STUN server (RFC 7064) or a TURN server (RFC 7065).
 *
 * @returns Undefined for any other text. DTLS (`turns:` with `transport=udp`) is none: no browser has it.
 */
export function parseIceUrl(url: string): IceUrl | undefined {
  const [, name, host, digits, way] = ICE_URI.exec(url) ?? [];
  if (!name) return undefined;
  const scheme = name.toLowerCase() as IceUrl["scheme"];
  const port = Number(digits ?? (scheme === "turns" ? 5349 : 3478));
  const isOver = way?.toLowerCase() as "udp" | "tcp" | undefined;
  if (port < 1 || port > 65535 || (scheme === "stun" && way)) return undefined;
  if (scheme === "turns" && isOver === "udp") return undefined;
  const transport = scheme === "turns" ? "tls" : isOver ?? "udp";
  return { scheme, host: host!.replace(/^\[|\]$/g, ""), port, transport };
}

/**
 * Reads a list of servers, in the form of RTCIceServer: `urls` may be one text.
 *
 * @param path Its name, for errors.
 * @throws {TypeError} With the member that is wrong. It shows no credential.
 */
export function parseIceServers(value: unknown, path: string): IceServer[] {
  return asList(value, path).map((each, at) => parseIceServer(each, `${path}[${at}]`));
}

/** Reads one server. @throws {TypeError} As {@linkcode parseIceServers} does. */
export function parseIceServer(value: unknown, path: string): IceServer {
  const { urls, username, credential, expires } = asRecord(value, path);
  const server: IceServer = { urls: parseIceUrls(urls, `${path}.urls`) };
  if (server.urls.some((url) => !/^stun:/i.test(url)) || username !== undefined) {
    server.username = asString(username, `${path}.username`, MAX_TEXT);
    server.credential = asString(credential, `${path}.credential`, MAX_TEXT);
  }
  if (Number.isSafeInteger(expires)) server.expires = expires as number;
  return server;
}

/** Reads one URL or a list. @throws {TypeError} With the URL that is wrong. */
export function parseIceUrls(value: unknown, path: string): string[] {
  return asList(typeof value === "string" ? [value] : value, path).map((url) => {
    if (parseIceUrl(asString(url, path, MAX_TEXT))) return url as string;
    throw new TypeError(
      `Cannot parse ${path}: expected such as turn:host:3478?transport=tcp, got "${url}"`,
    );
  });
}

function asList(value: unknown, path: string): unknown[] {
  if (Array.isArray(value) && value.length > 0 && value.length <= MAX_SERVERS) return value;
  throw new TypeError(`Cannot parse ${path}: expected a list of 1 to ${MAX_SERVERS}`);
}

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
    if (parseIceUrl(server)?.scheme !== "stun") {
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
