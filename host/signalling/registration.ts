// The pure state machine of one connection's registration: it becomes the connection of LAPTOP_ID, and
// stays it. registrar.ts carries out its effects.
//
//   reading ──▶ writing ──▶ proving ──▶ online ──▶ (checks; back to reading when one fails)
//      │  ▲        │ ▲          │
//      │  └────────┘ └── asking ◀── reading, where another host is registered
//      ▼                    │
//   (pauses between)        └──▶ replaced
import type { FailureKind } from "./registry.ts";

/** The phase of the registration. */
export type Phase = "reading" | "asking" | "writing" | "proving" | "online" | "replaced";

/** The registration of one connection. */
export interface Registration {
  phase: Phase;
  /** This connection's id. */
  own: string;
  /** Ids of this process's earlier connections. */
  mine: ReadonlySet<string>;
  /**
   * Whether another host may be replaced: true until this process has been registered, since its owner has
   * just started it. A registered host that loses its place does not fight for it.
   */
  takesOver: boolean;
  /** The registered connection when the registry was last read. */
  holder?: string;
  /** Failures in a row. */
  failures: number;
  /** The newest failure, for the log. */
  trouble?: string;
}

/** An event. */
export type RegistrationEvent =
  /** The registry was read. `isOutdated`: it has another admission key than this host's. */
  | { type: "read"; holder: string | undefined; isOutdated?: boolean }
  /** The registry was written, and serves the new value. */
  | { type: "written" }
  /** Reading or writing failed. */
  | { type: "failed"; kind: FailureKind; message: string }
  /** The probe came back through the relay: LAPTOP_ID is this connection's. */
  | { type: "proved" }
  /** The relay found no host for the probe. */
  | { type: "offline" }
  /** The probe went to another connection. */
  | { type: "silent" }
  /** A pause is over. */
  | { type: "resumed" }
  /** The time to check the registration has come. */
  | { type: "check" }
  /** Another host says that it is registered now. */
  | { type: "challenged" }
  /** The admission key to register is another one now. */
  | { type: "outdated" };

/** An effect. Each ends in one event. */
export type RegistrationEffect =
  | { do: "read" }
  | { do: "write" }
  | { do: "probe" }
  /** Wait for the time of `backoff` in wire/. */
  | { do: "pause"; failures: number; first: number; longest: number }
  /** Tell the connection that it was replaced, then wait for the time to check. */
  | { do: "announce"; to: string }
  /** Wait for the time to check. */
  | { do: "idle" }
  | { do: "stop" };

type Step = [Registration, RegistrationEffect];

/** Pauses, in milliseconds. They are longer if the owner must change something. */
const PAUSES = {
  conflict: { first: 500, longest: 2_000 },
  transient: { first: 500, longest: 30_000 },
  owner: { first: 30_000, longest: 30_000 },
} as const;
const PROBE_PAUSE = { first: 400, longest: 2_000 };

/** Failed probes in a row after which the registry is read again. */
const PROBES_PER_READ = 6;

/** The first step of a connection that knows its id. */
export function startRegistration(
  own: string,
  mine: ReadonlySet<string>,
  takesOver: boolean,
): Step {
  return [{ phase: "reading", own, mine, takesOver, failures: 0 }, { do: "read" }];
}

/** Returns the next state and the effect of an event. An event that does not fit the phase changes nothing. */
export function stepRegistration(state: Registration, event: RegistrationEvent): Step {
  if (state.phase === "replaced") return [state, { do: "stop" }];
  if (event.type === "failed") return retry(state, event.kind, event.message);
  switch (state.phase) {
    case "reading":
      if (event.type === "read") {
        return afterRead({ ...state, holder: event.holder }, event.isOutdated ?? false);
      }
      return [state, { do: "read" }];
    case "writing":
      if (event.type === "written") {
        return [{ ...state, phase: "proving", takesOver: false, failures: 0 }, { do: "probe" }];
      }
      return [state, { do: "write" }];
    case "asking":
      // Another host has taken the probe, so this one gives way. It asks twice, since the probe may also be
      // slow.
      if (event.type === "silent") {
        if (state.failures === 0) return [{ ...state, failures: 1 }, { do: "probe" }];
        return [{ ...state, phase: "replaced" }, { do: "stop" }];
      }
      if (event.type === "offline") return [{ ...state, phase: "writing" }, { do: "write" }];
      if (event.type === "proved") return again(state);
      return [state, { do: "probe" }];
    case "proving":
      if (event.type === "proved") return proved(state);
      if (event.type === "offline" || event.type === "silent") return again(state);
      return [state, { do: "probe" }];
    case "online":
      if (event.type === "proved") return [{ ...state, failures: 0 }, { do: "idle" }];
      if (event.type === "check") return [state, { do: "probe" }];
      return [{ ...state, phase: "reading", failures: 0 }, { do: "read" }];
  }
}

function afterRead(state: Registration, isOutdated: boolean): Step {
  const { holder, own, mine, takesOver } = state;
  if (holder === own && !isOutdated) {
    return [{ ...state, phase: "proving", takesOver: false }, { do: "probe" }];
  }
  if (holder === undefined || holder === own || mine.has(holder) || takesOver) {
    return [{ ...state, phase: "writing" }, { do: "write" }];
  }
  return [{ ...state, phase: "asking", failures: 0 }, { do: "probe" }];
}

function proved(state: Registration): Step {
  const { holder, own, mine } = state;
  const online: Registration = { ...state, phase: "online", failures: 0, trouble: undefined };
  const isReplacing = holder !== undefined && holder !== own && !mine.has(holder);
  return [online, isReplacing ? { do: "announce", to: holder } : { do: "idle" }];
}

/** After a probe that proved nothing: another probe soon, or another read of the registry. */
function again(state: Registration): Step {
  const failures = state.failures + 1;
  const phase = failures % PROBES_PER_READ === 0 ? "reading" : state.phase;
  return [{ ...state, phase, failures }, { do: "pause", failures, ...PROBE_PAUSE }];
}

function retry(state: Registration, kind: FailureKind, trouble: string): Step {
  const failures = state.failures + 1;
  return [{ ...state, phase: "reading", failures, trouble }, {
    do: "pause",
    failures,
    ...PAUSES[kind],
  }];
}
