// Parses the address of a backend: a URL, a host and its port, a port, or a Unix socket.
import { authorizationOf } from "./authorization.ts";
import { resolvePath } from "./setting_files.ts";
import { badSetting } from "./setting_parsers.ts";

/** Where a backend is. */
export interface BackendAddress {
  /** An http or https URL without user and password; `http://localhost` and the path for a Unix socket. */
  backend: URL;
  /** Absolute path of the Unix socket. */
  socketPath?: string;
  /** The value of `Authorization` for the URL's user and password. */
  authorization?: string;
}

const EXAMPLE = "http://127.0.0.1:5000";

const OTHERS = "A port and unix:SOCKET will do too";

/** An IPv6 address without brackets, perhaps with a port. */
const IPV6 = /^[\da-f]*:[\da-f]*:[\da-f:.]+$/i;

/** The beginning of a URL, of a URL without its scheme, or of a socket. */
const URL_OR_SOCKET = /^(?:[a-z][a-z\d+.-]*:\/\/|[^\s/:@]*:[^\s/@]*@|unix:)/i;

/** `3000`, `:3000`, `localhost:3000` or `[::1]:3000`, perhaps with a path. */
const PORT = /^(?:(\[[\da-f:.]+\]|[^\s/:@?#[\]]*):)?(\d+)(?![^/?#])(.*)$/i;

/** Names for all addresses of this machine. */
const ANY = ["0.0.0.0", "[::]", "*"];

/** Most bytes of a Unix socket's path on Linux: sockaddr_un has 108, with a zero at the end. */
const MAX_SOCKET_PATH = 107;

/** Whether a text is an address, and not the path of a folder. */
export function isAddress(text: string): boolean {
  return URL_OR_SOCKET.test(text) || PORT.test(text) || IPV6.test(text);
}

/**
 * Parses an address.
 *
 * A port without a host means `localhost`: the loopback interface, by IPv4 or IPv6. Development servers
 * listen on only one of them. So does `0.0.0.0`, which they print.
 *
 * @param name The setting, for errors: `--backend`, or `--service` with the prefix.
 * @param home The path of the user's home, for `~`.
 * @throws {LighthouseError} `bad-config`. It shows no user and no password.
 */
export function parseAddress(name: string, text: string, home: string): BackendAddress {
  if (/^unix:/i.test(text)) return parseSocket(name, text, home);
  const [, host, port, rest = ""] = PORT.exec(text) ?? [];
  if (port !== undefined && !(Number(port) >= 1 && Number(port) <= 65535)) {
    const hint = name === "--backend" ? "" : ". A folder's path begins with ./";
    throw badSetting(`${name}: ${port} is not a port, 1 to 65535${hint}`);
  }
  const url = URL.parse(port === undefined ? text : `http://${host || "localhost"}:${port}${rest}`);
  if (url?.search || url?.hash) {
    throw badSetting(`${name} must not have a query or a fragment. In a password, "#" is %23`);
  }
  if (!url || !/^https?:$/.test(url.protocol)) {
    // What follows a colon and is no port may be the beginning of a password.
    const shown = text.replace(/.*@/s, "…@").replace(/(:\/\/[^/:]*:)(?!\d+(?:\/|$)).*/s, "$1…");
    const hint = IPV6.test(text) ? "An IPv6 address is in brackets: [::1]:5000" : OTHERS;
    throw badSetting(`${name} is not a URL such as ${EXAMPLE}: ${shown}. ${hint}`);
  }
  if (/^http:\/\/unix:\//i.test(text)) {
    throw badSetting(`${name} is a Unix socket: give unix:/run/app.sock, without http://`);
  }
  // Servers name the address on which they listen: all of the machine's.
  if (ANY.includes(url.hostname)) url.hostname = "localhost";
  const authorization = authorizationOf(name, url);
  url.username = url.password = "";
  return authorization === undefined ? { backend: url } : { backend: url, authorization };
}

/** `unix:/run/app.sock:/api`, or `unix:///run/app.sock` as Docker writes it. */
function parseSocket(name: string, text: string, home: string): BackendAddress {
  const [socket = "", path = "/", ...rest] = text.replace(/^unix:(?:\/\/(?=\/))?/i, "").split(":");
  if (/[?#]/.test(text)) throw badSetting(`${name} must not have a query or a fragment`);
  if (socket === "") throw badSetting(`${name} names no socket: give unix:/run/app.sock`);
  if (!path.startsWith("/") || rest.length > 0) {
    throw badSetting(
      `${name}: after unix:${socket}: comes a path such as /api. A colon in a name is written %3A`,
    );
  }
  const socketPath = resolvePath(decodePath(name, socket), home);
  if (Buffer.byteLength(socketPath) > MAX_SOCKET_PATH) {
    throw badSetting(`${name}: the socket's path is longer than ${MAX_SOCKET_PATH} bytes`);
  }
  return { backend: new URL(`http://localhost${path}`), socketPath };
}

/** Writes an address as {@linkcode parseAddress} reads it, without user and password. */
export function formatAddress({ backend, socketPath }: BackendAddress): string {
  if (socketPath === undefined) return backend.href;
  const path = backend.pathname === "/" ? "" : `:${backend.pathname}`;
  return `unix:${encodePath(socketPath)}${path}`;
}

/** Decodes a file's path in a service. @throws {LighthouseError} `bad-config`. */
export function decodePath(name: string, text: string): string {
  try {
    const path = decodeURIComponent(text);
    if (!path.includes("\0")) return path;
  } catch {
    // The error below says so.
  }
  throw badSetting(`${name} has a "%" that encodes nothing: write it %25`);
}

/** Encodes the characters of a path that mean something else in a service. */
export function encodePath(path: string): string {
  return path.replace(/[%\s,:?#]/g, encodeURIComponent);
}
