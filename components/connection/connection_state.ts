// When to dial, and what the page shows meanwhile: a pure state machine. connection.ts carries out
// its effects.
import type { ErrorCode, LighthouseError } from "../../wire/mod.ts";
import { ENGLISH } from "../texts/english.ts";

/**
 * What the page shows:
 * - `idle`: not started, or closed;
 * - `signalling`: the offer is under way through the relay;
 * - `connecting`: the host has answered, and a connection is opening;
 * - `connected`: requests go through, directly or through the relay, as `reason` says. After a loss, this
 *   state stays for 2 s, in which they wait; and it stays while a page that nobody uses rests from the
 *   relay (rest.ts);
 * - `offline`: the host is not connected to its relay;
 * - `failed`: an attempt failed for another reason, which `reason` gives.
 *
 * From `offline` and `failed` it tries again by itself, unless another attempt cannot help.
 */
export type TunnelState = typeof STATES[number];

const STATES = ["idle", "signalling", "connecting", "connected", "offline", "failed"] as const;

/** Whether a value is one of the states. */
export function isTunnelState(value: unknown): value is TunnelState {
  return STATES.includes(value as TunnelState);
}

/** The state of the connection. */
export interface ConnectionState {
  state: TunnelState;
  /** One English sentence. */
  reason: string;
  /** Failures in a row. */
  failures: number;
  /** The newest failure, in `offline` and `failed`. */
  error?: LighthouseError;
  /** Whether the relay carries the session. */
  relayed: boolean;
  /** Whether an attempt is under way: in `connected`, for a connection in place of a silent one. */
  dialling: boolean;
  /** Whether a connected host is silent. */
  silent: boolean;
  /** Whether the connection is lost, and the page does not show it yet. */
  lost: boolean;
  /** Whether the page has let the way through the relay go, since nobody used it. */
  resting: boolean;
}

/** An event. */
export type ConnectionEvent =
  /** The page, or its user, wants a connection now. */
  | { type: "connect" }
  /** The pause has ended. */
  | { type: "retry" }
  /** The network is back, or the page has become visible. */
  | { type: "woken" }
  /** The host has answered. */
  | { type: "answered" }
  /** The attempt will most likely fail with this error, and goes on. */
  | { type: "doubted"; error: LighthouseError }
  /** The attempt has succeeded; `relayed`: through the relay. */
  | { type: "opened"; relayed: boolean }
  /** The session has moved from the relay to a direct connection. */
  | { type: "moved" }
  /** Nobody has used the way through the relay for some time. */
  | { type: "unused" }
  /** A request needs a way. */
  | { type: "wanted" }
  /** The attempt failed. */
  | { type: "failed"; error: LighthouseError }
  /** A setting is wrong, so no attempt is possible. */
  | { type: "refused"; error: LighthouseError }
  /** The host has fallen silent, or is heard again. */
  | { type: "silent" | "heard" }
  /** The open connection ended; `lasted`: milliseconds since it was opened. */
  | { type: "lost"; error: LighthouseError; lasted: number }
  /** The page must show the loss now. */
  | { type: "overdue" }
  | { type: "close" };

/** What connection.ts must do. */
export type ConnectionEffect =
  | { do: "dial" }
  /** Dial, unless an attempt is under way, and send `overdue` if it takes long. */
  | { do: "restore"; dial: boolean }
  /** Send a `retry` after the backoff for that many failures; `slow`: after a long pause. */
  | { do: "pause"; failures: number; slow?: true }
  /** Replace the session by one that may begin in an offer, and let the way through the relay go. */
  | { do: "rest" }
  /** End the attempt: the connection works again. */
  | { do: "stop" }
  /** End the attempt or the connection. */
  | { do: "hang-up" }
  | { do: "nothing" };

/** The first state. */
export const IDLE: ConnectionState = {
  state: "idle",
  reason: "Not connected",
  failures: 0,
  relayed: false,
  dialling: false,
  silent: false,
  lost: false,
  resting: false,
};

/**
 * Failures that no further attempt can change. Those of the host count only when they are sealed:
 * otherwise anybody could keep the page from connecting for as long as it is open.
 */
const FINAL: ReadonlySet<ErrorCode> = new Set([
  "bad-config",
  "unsupported",
  "bad-link",
  "device-revoked",
  "pairing-used",
  "pairing-expired",
  "wrong-origin",
]);

/** Failures that only people can mend, as far as can be told: the page asks again after long pauses. */
const FOR_PEOPLE: ReadonlySet<ErrorCode> = new Set([
  "not-paired",
  "host-key-changed",
  "clock-skew",
]);

/** Whether the next attempt comes after a long pause. Another network may mend a spent budget at once. */
export function isSlow(code: ErrorCode): boolean {
  return FOR_PEOPLE.has(code) || code === "relay-budget";
}

/** Whether no further attempt is made, so that requests must not wait for one. */
export function isFinal(code: ErrorCode): boolean {
  return FINAL.has(code);
}

/** Failures of the way between page and host, of which diagnose() of wire/ names the cause. */
export function isOfNetwork(code: ErrorCode): boolean {
  return code === "connection-failed" || code === "relay-budget";
}

/** A connection is brief when it is lost sooner, in milliseconds. */
const BRIEF = 1_000;

/** Brief connections in a row before the next attempt waits: the host may be ending them. */
const QUICK_REDIALS = 20;

const NOTHING: ConnectionEffect = { do: "nothing" };

/** Makes the step for an event. An event that does not fit the state changes nothing. */
export function stepConnection(
  now: ConnectionState,
  event: ConnectionEvent,
): [ConnectionState, ConnectionEffect] {
  switch (event.type) {
    case "connect":
      if (now.state !== "idle" && now.state !== "offline" && now.state !== "failed") {
        return [now, NOTHING];
      }
      // A quiet attempt that is under way already becomes the visible one.
      return [signalling(ENGLISH.looking), now.dialling ? NOTHING : { do: "dial" }];
    case "woken":
      // Somebody looks: the state should be true, and the first request soon answered.
      if (now.resting) return stepConnection(now, { type: "wanted" });
      if (now.error && FOR_PEOPLE.has(now.error.code)) return [now, NOTHING];
      // Only a direct connection can help, and this attempt's candidates may be of another network.
      if (now.dialling && now.error?.code === "relay-budget") return [now, { do: "dial" }];
      return stepConnection(now, { type: "retry" });
    case "retry":
      // Quietly: the page shows a change only when there is one.
      if (now.dialling || (now.state === "connected" ? !now.silent : !isDown(now))) {
        return [now, NOTHING];
      }
      if (now.error && isFinal(now.error.code)) return [now, NOTHING];
      return [{ ...now, dialling: true }, { do: "dial" }];
    case "answered":
      if (!now.dialling || now.state === "connected") return [now, NOTHING];
      return [
        { ...now, state: "connecting", reason: ENGLISH.answered, error: undefined },
        NOTHING,
      ];
    case "doubted": {
      if (!now.dialling || (now.state === "connected" && !now.lost)) return [now, NOTHING];
      const { error } = event;
      const { failures } = now;
      return [
        { ...IDLE, state: "failed", reason: error.message, failures, error, dialling: true },
        NOTHING,
      ];
    }
    case "opened":
      // Also if the attempt was stopped too late: the session has moved.
      if (!now.dialling && now.state !== "connected") return [now, NOTHING];
      return [connected(now, event.relayed), NOTHING];
    case "moved":
      if (now.state !== "connected" || !now.relayed) return [now, NOTHING];
      return [connected(now, false), now.dialling ? { do: "stop" } : NOTHING];
    case "unused":
      if (now.state !== "connected" || !now.relayed || now.dialling || now.resting) {
        return [now, NOTHING];
      }
      return [{ ...now, resting: true }, { do: "rest" }];
    case "wanted":
      if (!now.resting || now.lost) return [now, NOTHING];
      return [{ ...now, dialling: true, silent: true, lost: true }, { do: "restore", dial: true }];
    case "failed":
      if (!now.dialling) return [now, NOTHING];
      if (now.state !== "connected" || now.lost) return failed(now, event.error);
      // The silent connection may come back by itself. Meanwhile attempts go on.
      return [
        { ...now, dialling: false, failures: now.failures + 1 },
        { do: "pause", failures: now.failures + 1 },
      ];
    case "silent":
      if (now.state !== "connected" || now.silent || now.resting) return [now, NOTHING];
      return [{ ...now, silent: true, dialling: true }, { do: "dial" }];
    case "heard":
      if (now.state !== "connected" || !now.silent || now.lost) return [now, NOTHING];
      return [{ ...now, silent: false, dialling: false, failures: 0 }, { do: "stop" }];
    case "refused":
      return [failed(now, event.error)[0], NOTHING];
    case "lost":
      if (now.state !== "connected" || now.lost || now.resting) return [now, NOTHING];
      // The host has ended this page's session.
      if (isFinal(event.error.code)) return [failed(now, event.error)[0], { do: "stop" }];
      if (event.lasted < BRIEF && !now.dialling && now.failures >= QUICK_REDIALS) {
        return failed(now, event.error);
      }
      return [
        {
          ...now,
          dialling: true,
          silent: true,
          lost: true,
          failures: event.lasted < BRIEF ? now.failures + 1 : 0,
        },
        { do: "restore", dial: !now.dialling },
      ];
    case "overdue": {
      if (!now.lost) return [now, NOTHING];
      const shown = signalling(now.resting ? ENGLISH.looking : ENGLISH.lost);
      return [{ ...shown, failures: now.failures }, NOTHING];
    }
    case "close":
      return [{ ...IDLE, reason: "Closed" }, { do: "hang-up" }];
  }
}

function signalling(reason: string): ConnectionState {
  return { ...IDLE, state: "signalling", reason, dialling: true };
}

function connected(now: ConnectionState, relayed: boolean): ConnectionState {
  const reason = relayed ? ENGLISH.relayed : ENGLISH.connected;
  return { ...IDLE, state: "connected", reason, failures: now.failures, relayed };
}

function isDown({ state }: ConnectionState): boolean {
  return state === "offline" || state === "failed";
}

function failed(now: ConnectionState, error: LighthouseError): [ConnectionState, ConnectionEffect] {
  const failures = now.failures + 1;
  const state = error.code === "host-offline" ? "offline" : "failed";
  const reason = state === "offline" ? ENGLISH["host-offline"] : error.message;
  return [
    { ...IDLE, state, reason, failures, error },
    isFinal(error.code)
      ? NOTHING
      : isSlow(error.code)
      ? { do: "pause", failures, slow: true }
      : { do: "pause", failures },
  ];
}
