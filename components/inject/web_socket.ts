// WebSocket of the app's documents and workers: to the app, over the session; to others, the platform's.
import { parseUrl } from "../../wire/mod.ts";
import type { OpenSocket } from "../fetch/opened_socket.ts";
import { TunnelSocket } from "../fetch/socket.ts";
import { call, replaceAccessor, replaceConstructor, replaceMethod } from "./native.ts";

/** Options of {@linkcode replaceWebSocket}. */
export interface WebSocketOptions {
  /** The site's origin. */
  site: string;
  /** The URL that relative ones start at. */
  baseUrl: () => string;
  /** The target in the tunnel of a URL, or null where it is not the app's. */
  target: (url: URL) => string | Promise<string> | null;
  open: OpenSocket;
}

/** A window or a worker. */
export type Global = typeof globalThis;

/**
 * Replaces WebSocket. The app's own sockets have the platform's prototype, so that libraries which change
 * that change them too.
 */
export function replaceWebSocket(
  global: Pick<Global, "WebSocket">,
  { site, baseUrl, target, open }: WebSocketOptions,
): void {
  const { prototype } = global.WebSocket;
  replaceConstructor(global, "WebSocket", (native, args, newTarget) => {
    const url = args.length ? parseUrl(args[0] as string, baseUrl()) : null;
    const found = url && target(url);
    if (!url || !found) return Reflect.construct(native, args, newTarget);
    const options = { open, site, target: found };
    return Reflect.construct(TunnelSocket, [url.href, args[1] ?? [], options], newTarget);
  });
  const own = Object.getOwnPropertyDescriptors(TunnelSocket.prototype);
  for (const [name, { get, set, value }] of Object.entries(own)) {
    if (name === "constructor") continue;
    const as = (replacement: ((...args: never[]) => unknown) | undefined) =>
      replacement &&
      ((native: unknown, socket: unknown, args: unknown[]) =>
        call(TunnelSocket.is(socket) ? replacement : native, socket, args));
    if (get) replaceAccessor(prototype, name, { get: as(get), set: as(set) });
    else if (typeof value === "function") replaceMethod(prototype, name, as(value)!);
  }
}
