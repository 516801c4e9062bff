// The pure state machine of the host's connection to the relay. supervisor.ts carries out its effects.
//
//   opening ──▶ connected ──▶ opening, for the connection that follows it
//    ▲   │          │ lost       └──▶ replaced
//    │   ▼ failed   ▼
//    └── pausing ◀──┘

/** The phase of the supervision. */
export type SupervisionPhase = "opening" | "pausing" | "connected" | "replaced";

/** The state. */
export interface Supervision {
  phase: SupervisionPhase;
  /** Failures in a row. */
  failures: number;
  /**
   * Whether another host may be replaced: true until the host has been online, and again after its
   * owner has named another relay.
   */
  takesOver: boolean;
}

/** An event. */
export type SupervisionEvent =
  /** The attempt succeeded. */
  | { type: "opened" }
  /** The attempt failed. `isAnswered`: a server answered, so there is a network. */
  | { type: "failed"; isAnswered: boolean; message: string }
  /** The pause ended. */
  | { type: "paused" }
  /** The newest connection is the one that the relay knows. */
  | { type: "online" }
  /** The newest connection ended. */
  | { type: "lost" }
  /** The newest connection comes near the gateway's limit of 2 hours. */
  | { type: "aged" }
  /** Another host has registered itself. */
  | { type: "replaced" }
  /** The relay refused the attempt: another host has registered itself with its own admission key. */
  | { type: "displaced" }
  /** The machine has slept, or has another network. */
  | { type: "nudged" }
  /** The newest connection is useless: its address has gone, or the relay is another one. */
  | { type: "moved"; isAnotherRelay: boolean };

/** An effect. `open`, `pause` and `follow` end the one before, and each ends in an event. */
export type SupervisionEffect =
  /** Open a connection. */
  | { do: "open" }
  /** Wait for the time of `backoff` in wire/. `trouble`: the error of the failed attempt. */
  | { do: "pause"; failures: number; first: number; longest: number; trouble?: string }
  /** Keep the newest connection registered until it is lost or aged, or the host is replaced. */
  | { do: "follow"; takesOver: boolean }
  /** Close all other connections after a grace. */
  | { do: "retire" }
  /** Check the registration now. */
  | { do: "check" }
  | { do: "nothing" }
  | { do: "stop" };

type Step = [Supervision, SupervisionEffect];

/** Pauses, in milliseconds: after a server's refusal, and without a network, where attempts cost nothing. */
const REFUSED = { first: 500, longest: 30_000 };
const NO_NETWORK = { first: 500, longest: 2_000 };

/** The first step. */
export function startSupervision(): Step {
  return [{ phase: "opening", failures: 0, takesOver: true }, { do: "open" }];
}

/** Returns the next state and the effect of an event. An event that does not fit the phase changes nothing. */
export function stepSupervision(state: Supervision, event: SupervisionEvent): Step {
  const { phase } = state;
  if (phase === "replaced") return [state, { do: "nothing" }];
  switch (event.type) {
    case "nudged": {
      const rested = { ...state, failures: 0 };
      return phase === "connected" ? [rested, { do: "check" }] : open(rested);
    }
    case "moved": {
      const takesOver = state.takesOver || event.isAnotherRelay;
      return open({ ...state, failures: 0, takesOver });
    }
    case "opened":
      if (phase !== "opening") break;
      return [{ ...state, phase: "connected" }, { do: "follow", takesOver: state.takesOver }];
    case "failed":
      if (phase !== "opening") break;
      return pause(state, event.isAnswered ? REFUSED : NO_NETWORK, event.message);
    case "paused":
      if (phase !== "pausing") break;
      return open(state);
    case "online":
      if (phase !== "connected") break;
      return [{ ...state, failures: 0, takesOver: false }, { do: "retire" }];
    case "lost":
      if (phase !== "connected") break;
      return pause(state, REFUSED);
    case "aged":
      if (phase !== "connected") break;
      return open(state);
    case "replaced":
      if (phase !== "connected") break;
      return [{ ...state, phase: "replaced" }, { do: "stop" }];
    case "displaced":
      if (phase !== "opening") break;
      return [{ ...state, phase: "replaced" }, { do: "stop" }];
  }
  return [state, { do: "nothing" }];
}

function open(state: Supervision): Step {
  return [{ ...state, phase: "opening" }, { do: "open" }];
}

function pause(
  state: Supervision,
  times: { first: number; longest: number },
  trouble?: string,
): Step {
  const failures = state.failures + 1;
  return [{ ...state, phase: "pausing", failures }, { do: "pause", failures, ...times, trouble }];
}
