// The events that <lighthouse-tunnel> fires.
import type { TunnelState } from "./dialler.ts";

/** `statechange`: the tunnel's state, or the reason for it, is another than before. */
export class StateChangeEvent extends Event {
  /** The new state. */
  readonly state: TunnelState;
  /** The state before. */
  readonly previous: TunnelState;
  /** One sentence for people. */
  readonly reason: string;

  constructor(state: TunnelState, previous: TunnelState, reason: string) {
    super("statechange");
    this.state = state;
    this.previous = previous;
    this.reason = reason;
  }
}
