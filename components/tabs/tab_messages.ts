// The messages between the tabs of a site, and its service worker, about the one connection that they
// share.
//
//     BroadcastChannel  who ──▶ all        which tab leads?
//                       state ◀── leader   how its connection stands: as an answer, and at each change
//                       retry ──▶ leader   a follower wants it to try again at once
//                       renew ──▶ leader   a pairing link was opened, or the host is to be forgotten
//     to the worker     hold ◀── leader    a port for the worker to open streams by, once requests can go
//                       open ◀── others    a stream, for the worker to hand to the leader
//                       socket ◀── documents and workers of an app    a WebSocket, in the same way
//                       awake ◀── tabs     take this page over, if you have not; and keep running
//     on hold's port    open ──▶ leader    a stream: port_stream.ts describes the messages on its port
//                       socket ──▶ leader  a WebSocket: port_socket.ts describes them
//
// A page and a worker of different builds meet where a site has been updated, so the names of messages
// and members stay.
//
// All messages stay within one origin, whose scripts can do anything with the connection anyhow. So they
// are told apart from a site's own messages, and not checked further.
import { type ErrorCode, parseUrl, type WebSocketOpening } from "../../wire/mod.ts";
import type { TunnelState } from "../connection/connection_state.ts";
import type { NetworkView } from "../connection/page_network.ts";
import type { DeviceName } from "../identity/device_store.ts";

/** How the leader's connection stands. */
export interface LeaderState {
  lighthouse: "state";
  state: TunnelState;
  /** Whether requests need not wait for `connected`: they go with the offer, or follow the page's HELLO. */
  isGreeted?: boolean;
  /** One sentence for people. */
  reason: string;
  /** Why it is `offline` or `failed`. */
  code?: ErrorCode;
  /** As the host knows this browser. */
  device?: DeviceName;
  /** What the leader and the host see of their networks. */
  networks?: NetworkView;
  /** The lock by which others learn that the leader is gone (lifetime_lock.ts). */
  alive: string;
}

/** What tabs and worker broadcast. */
export type Broadcast = LeaderState | { lighthouse: "who" | "retry" | "renew" };

/** Asks the leader to open a stream. */
export interface OpenMessage {
  lighthouse: "open";
  /** The head that opens it. */
  head: Uint8Array;
  /** Carries the stream from here on. */
  port: MessagePort;
  /** The lock of the follower that opens it. */
  alive: string;
}

/** Asks the leader to open a WebSocket. */
export interface SocketMessage {
  lighthouse: "socket";
  opening: WebSocketOpening;
  /** Carries the messages. */
  port: MessagePort;
  /** The lock of the document or worker that opens it. */
  alive: string;
}

/** What a tab posts to the worker. */
export type ToWorker =
  | { lighthouse: "hold"; port: MessagePort; alive: string }
  | OpenMessage
  | SocketMessage
  | { lighthouse: "awake" };

/**
 * The URL under which requests go through the tunnel: `local/` in the worker's scope, unless the worker's
 * own URL has another (`sw.js?prefix=laptop/`).
 *
 * @throws {TypeError} If that is not within the scope.
 */
export function prefixIn(scope: string, worker: string): URL {
  const text = new URL(worker).searchParams.get("prefix") ?? "local/";
  const prefix = parseUrl(text.replace(/\/?$/, "/"), scope);
  // The scope as a whole would leave no page of the site that can lead.
  if (!prefix?.href.startsWith(scope) || prefix.href === scope || prefix.search || prefix.hash) {
    throw new TypeError(`Cannot use the prefix "${text}": expected a path within ${scope}`);
  }
  return prefix;
}

/** The name under which the tabs of a scope elect the leader, and broadcast. */
export function groupOf(scope: string): string {
  return `lighthouse tunnel ${scope}`;
}
