// `tunnel.WebSocket`: a constructor as the platform's, for libraries that take one.
import { parseBackendUrl } from "./backend_url.ts";
import { TunnelSocket, type TunnelSocketOptions } from "./socket.ts";

/** What `tunnel.WebSocket` is. Libraries take it as `typeof WebSocket`. */
export interface TunnelSocketConstructor {
  /**
   * @param url A path from the backend's root.
   * @param protocols Subprotocols, the preferred one first.
   * @throws {DOMException} SyntaxError for an invalid URL or invalid subprotocols.
   */
  new (url: string | URL, protocols?: string | string[]): TunnelSocket;
  readonly prototype: TunnelSocket;
  readonly CONNECTING: 0;
  readonly OPEN: 1;
  readonly CLOSING: 2;
  readonly CLOSED: 3;
}

/** Makes the constructor of one tunnel's WebSockets. */
export function socketConstructor(
  { open, site }: Pick<TunnelSocketOptions, "open" | "site">,
): TunnelSocketConstructor {
  return class WebSocket extends TunnelSocket {
    constructor(url: string | URL, protocols: string | string[] = []) {
      super(parseSocketUrl(url, site), protocols, { open, site });
    }

    get [Symbol.toStringTag](): string {
      return "WebSocket";
    }
  };
}

/** @throws {DOMException} SyntaxError, with the words of {@linkcode parseBackendUrl}. */
function parseSocketUrl(url: string | URL, site = location.origin): URL {
  try {
    return parseBackendUrl(url, site, "socket");
  } catch (error) {
    throw new DOMException((error as Error).message, "SyntaxError");
  }
}
