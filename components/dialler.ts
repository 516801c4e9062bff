// When to dial, and what the page sees meanwhile: a pure state machine. connection.ts carries out
// what it asks for.
import type { ErrorCode, LighthouseError } from "../wire/mod.ts";

/**
 * What the page sees:
 * - `idle`: not started, or closed;
 * - `signalling`: the offer is on its way through the relay;
 * - `connecting`: the host has answered, the direct connection is being made;
 * - `connected`: requests go through;
 * - `offline`: the host is not connected to its relay;
 * - `failed`: it did not work out for another reason, which `reason` says.
 *
 * From `offline` and `failed` it tries again by itself, unless trying again cannot help.
 */
export type TunnelState =
  | "idle"
  | "signalling"
  | "connecting"
  | "connected"
  | "offline"
  | "failed";

/** Where the connection stands. */
export interface Dialling {
  state: TunnelState;
  /** One sentence for people. */
  reason: string;
  /** Failures in a row. */
  failures: number;
  /** The newest failure, in `offline` and `failed`. */
  error?: LighthouseError;
  /** Whether an attempt is under way. */
  dialling: boolean;
}

/** What happened. */
export type DiallingEvent =
  /** The page, or its user, wants a connection now. */
  | { type: "connect" }
  /** The pause is over, the network is back, or the page has become visible. */
  | { type: "retry" }
  /** The host has answered. */
  | { type: "answered" }
  | { type: "opened" }
  /** The attempt failed. */
  | { type: "failed"; error: LighthouseError }
  /** Nothing can be attempted: a setting is wrong. */
  | { type: "refused"; error: LighthouseError }
  /** The open connection ended, that many milliseconds after it was opened. */
  | { type: "lost"; error: LighthouseError; lasted: number }
  | { type: "close" };

/** What is to be done next. */
export type DiallingEffect =
  | { do: "dial" }
  /** Send a `retry` after the backoff for that many failures. */
  | { do: "pause"; failures: number }
  /** End the attempt or the connection. */
  | { do: "hang-up" }
  | { do: "nothing" };

/** Before anything happened. */
export const IDLE: Dialling = {
  state: "idle",
  reason: "Not connected",
  failures: 0,
  dialling: false,
};

/** Failures that no further attempt can change. */
const FINAL: ReadonlySet<ErrorCode> = new Set(["bad-config", "unsupported"]);

/** A connection that is lost sooner counts as a failed attempt, in milliseconds. */
const BRIEF = 5_000;

const NOTHING: DiallingEffect = { do: "nothing" };

/** The step that follows an event. An event that does not fit the state changes nothing. */
export function stepDialling(now: Dialling, event: DiallingEvent): [Dialling, DiallingEffect] {
  switch (event.type) {
    case "connect":
      if (now.state !== "idle" && now.state !== "offline" && now.state !== "failed") {
        return [now, NOTHING];
      }
      // Where a quiet attempt is under way already, it is the one that is asked for, and now it shows.
      return [signalling("Looking for the host …"), now.dialling ? NOTHING : { do: "dial" }];
    case "retry":
      // Quietly: what the page shows changes only when something has.
      if (now.dialling || (now.state !== "offline" && now.state !== "failed")) {
        return [now, NOTHING];
      }
      if (now.error && FINAL.has(now.error.code)) return [now, NOTHING];
      return [{ ...now, dialling: true }, { do: "dial" }];
    case "answered":
      if (!now.dialling) return [now, NOTHING];
      return [
        { ...now, state: "connecting", reason: "The host has answered …", error: undefined },
        NOTHING,
      ];
    case "opened":
      if (!now.dialling) return [now, NOTHING];
      return [
        { ...now, state: "connected", reason: "Connected", error: undefined, dialling: false },
        NOTHING,
      ];
    case "failed":
      return now.dialling ? failed(now, event.error) : [now, NOTHING];
    case "refused":
      return [failed(now, event.error)[0], NOTHING];
    case "lost":
      if (now.state !== "connected") return [now, NOTHING];
      if (event.lasted < BRIEF) return failed(now, event.error);
      return [signalling("The connection was lost. Looking for the host …"), { do: "dial" }];
    case "close":
      return [{ ...IDLE, reason: "Closed" }, { do: "hang-up" }];
  }
}

function signalling(reason: string): Dialling {
  return { state: "signalling", reason, failures: 0, dialling: true };
}

function failed(now: Dialling, error: LighthouseError): [Dialling, DiallingEffect] {
  const failures = now.failures + 1;
  const isFinal = FINAL.has(error.code);
  const state = error.code === "host-offline" ? "offline" : "failed";
  const reason = error.code === "host-offline"
    ? "The host is offline. This page connects as soon as it is back."
    : error.message;
  return [
    { state, reason, failures, error, dialling: false },
    isFinal ? NOTHING : { do: "pause", failures },
  ];
}
