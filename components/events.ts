// The events that <lighthouse-tunnel> and its sockets fire.
import type { LighthouseError } from "../wire/mod.ts";
import type { TunnelState } from "./connection/connection_state.ts";
import type { DeviceName } from "./identity/device_store.ts";

/** `statechange`: the tunnel's state, or the reason for it, has changed. */
export class StateChangeEvent extends Event {
  /** The new state. */
  readonly state: TunnelState;
  /** The state before. */
  readonly previous: TunnelState;
  /** One English sentence, for logs. */
  readonly reason: string;

  constructor(state: TunnelState, previous: TunnelState, reason: string) {
    super("statechange");
    this.state = state;
    this.previous = previous;
    this.reason = reason;
  }
}

/** `devicechange`: the host has named this browser, has renamed it, or knows it no longer. */
export class DeviceChangeEvent extends Event {
  /** This browser as the host knows it. */
  readonly device: DeviceName | undefined;

  constructor(device: DeviceName | undefined) {
    super("devicechange");
    this.device = device;
  }
}

/** `error` of a socket. Unlike the platform's, it has the cause. */
export class SocketErrorEvent extends Event {
  readonly cause: LighthouseError;

  constructor(cause: LighthouseError) {
    super("error");
    this.cause = cause;
  }
}

/** The events of `<lighthouse-tunnel>` by name, for `addEventListener`. */
export interface LighthouseTunnelEventMap extends HTMLElementEventMap {
  statechange: StateChangeEvent;
  diagnosischange: Event;
  devicechange: DeviceChangeEvent;
}
