// The messages between an app's page, whose element has a `key-site`, and the hidden frame of that site,
// which holds the key and the connection.
//
//     page ── key-port, to the frame's window ─▶ frame    the port for all that follows
//     on it    connect ──▶ frame      connect, or try again at once
//              renew ──▶ frame        connect anew, as whom this browser is now
//              close ──▶ frame
//              link ──▶ frame         a pairing link was opened           (answered by `done`)
//              forget ──▶ frame       forget the host and this device     (answered by `done`)
//              stats ──▶ frame        measure the connection              (answered by `done`)
//              look ──▶ frame         look at the network                 (answered by `done`)
//              open ──▶ frame         open a stream: tabs/port_stream.ts
//              state ◀── frame        how the connection stands: first of all, and at each change
//              done ◀── frame
//
// The page's origin may run a hostile app, so the frame believes nothing in a message: it parses each, and
// drops what it cannot parse. Sites are updated one by one, so the names of messages and members stay.
import {
  asRecord,
  asString,
  type ErrorCode,
  isErrorCode,
  LighthouseError,
  MAX_HEAD,
  MAX_NAME,
  parseReport,
} from "../../wire/mod.ts";
import { isTunnelState, type TunnelState } from "../connection/connection_state.ts";
import type { NetworkView } from "../connection/page_network.ts";
import type { DeviceName } from "../identity/device_store.ts";
import type { TunnelStats } from "../connection/stats.ts";

/** The message that brings the port. */
export const KEY_PORT = "key-port";

/** What the page posts on the port. */
export type ToKeyFrame =
  | { lighthouse: "connect"; name?: string }
  | { lighthouse: "renew" | "close" }
  | { lighthouse: "link"; id: number; fragment: string }
  | { lighthouse: "forget" | "stats" | "look"; id: number }
  | { lighthouse: "open"; head: Uint8Array; port: MessagePort };

/** How the frame's connection stands. */
export interface KeyState {
  lighthouse: "state";
  state: TunnelState;
  /** One sentence for people. */
  reason: string;
  /** Why it is `offline` or `failed`. */
  code?: ErrorCode;
  device?: DeviceName;
  networks?: NetworkView;
}

/** The outcome of a request that has an id. */
export interface Done {
  lighthouse: "done";
  id: number;
  /** Why it failed. */
  error?: { code: ErrorCode; message: string };
  /** The answer to `stats`. */
  stats?: TunnelStats;
}

/** What the frame posts on the port. */
export type FromKeyFrame = KeyState | Done;

/** Longest pairing link's fragment, and longest reason, in UTF-16 code units. */
const MAX_FRAGMENT = 1024;
const MAX_REASON = 2048;

/**
 * Parses what the page has posted.
 *
 * @throws {TypeError} If it is no message, or a part of it is too long.
 */
export function parseToKeyFrame(data: unknown): ToKeyFrame {
  const { lighthouse, id, ...rest } = asRecord(data, "the message");
  switch (lighthouse) {
    case "connect":
      return rest.name === undefined
        ? { lighthouse }
        : { lighthouse, name: asString(rest.name, "name", MAX_NAME) };
    case "renew":
    case "close":
      return { lighthouse };
    case "link":
      return {
        lighthouse,
        id: asId(id),
        fragment: asString(rest.fragment, "fragment", MAX_FRAGMENT),
      };
    case "forget":
    case "stats":
    case "look":
      return { lighthouse, id: asId(id) };
    case "open": {
      const { head, port } = rest;
      if (!(port instanceof MessagePort)) throw new TypeError("Cannot parse port: it is none");
      if (!(head instanceof Uint8Array) || head.length > MAX_HEAD) {
        port.close();
        throw new TypeError(`Cannot parse head: expected up to ${MAX_HEAD} bytes`);
      }
      return { lighthouse, head, port };
    }
  }
  throw new TypeError("Cannot parse the message: it is of no known kind");
}

/**
 * Parses what the frame has posted.
 *
 * @throws {TypeError} If it is no message.
 */
export function parseFromKeyFrame(data: unknown): FromKeyFrame {
  const { lighthouse, ...rest } = asRecord(data, "the message");
  if (lighthouse === "state") {
    const { state, code, device, networks } = rest;
    if (!isTunnelState(state)) throw new TypeError("Cannot parse state: it is none");
    const reason = asString(rest.reason, "reason", MAX_REASON);
    return {
      lighthouse,
      state,
      reason,
      ...(code !== undefined && { code: asCode(code) }),
      ...(device !== undefined && { device: asDevice(device) }),
      ...(networks !== undefined && { networks: asNetworks(networks) }),
    };
  }
  if (lighthouse !== "done") throw new TypeError("Cannot parse the message: of no known kind");
  const id = asId(rest.id);
  if (rest.error === undefined) return { lighthouse, id, stats: rest.stats as TunnelStats };
  const { code, message } = asRecord(rest.error, "error");
  return {
    lighthouse,
    id,
    error: { code: asCode(code), message: asString(message, "error.message", MAX_REASON) },
  };
}

/** An error as a message has it. */
export function errorMessage({ code, message }: LighthouseError): Done["error"] {
  return { code, message: message.slice(0, MAX_REASON) };
}

function asId(value: unknown): number {
  if (!Number.isSafeInteger(value)) throw new TypeError("Cannot parse id: expected an integer");
  return value as number;
}

/** @returns A code of this build; one of a newer build shows as a failed connection. */
function asCode(value: unknown): ErrorCode {
  return isErrorCode(value) ? value : "connection-failed";
}

function asNetworks(value: unknown): NetworkView {
  const { page, host } = asRecord(value, "networks");
  return { page: parseReport(page) ?? {}, host: parseReport(host) };
}

function asDevice(value: unknown): DeviceName {
  const { id, name } = asRecord(value, "device");
  return { id: asString(id, "device.id", MAX_NAME), name: asString(name, "device.name", MAX_NAME) };
}
