// The status pill of <lighthouse-tunnel>.
import { html, nothing } from "lit";
import type { ErrorCode } from "../wire/mod.ts";
import type { TunnelState } from "./connection/connection_state.ts";
import { codeText } from "./code_text.ts";
import type { ConnectionView } from "./connection/connection_view.ts";

/** The buttons' actions. Without `forget`, its button is hidden. */
export interface PillActions {
  retry: () => void;
  /** Accepts another host in place of the paired one. */
  forget?: () => void;
}

/** The states' names for people. */
const LABELS: Record<TunnelState, string> = {
  idle: "Not connected",
  signalling: "Connecting",
  connecting: "Connecting",
  connected: "Connected",
  offline: "Offline",
  failed: "No connection",
};

/** Names of failures, shown in place of the state's name. */
const FAILURES: Partial<Record<ErrorCode, string>> = {
  "not-paired": "Not paired",
  "device-revoked": "Not paired any more",
  "pairing-used": "Not paired",
  "pairing-expired": "Not paired",
  "bad-link": "Not paired",
  "host-key-changed": "Another host",
};

/** The state's name for people, or that of its failure. */
export function labelOf({ state, error }: Pick<ConnectionView, "state" | "error">): string {
  return (state === "failed" && error && FAILURES[error.code]) || LABELS[state];
}

/** Renders the state of a connection. */
export function renderPill(view: ConnectionView, { retry, forget }: PillActions): unknown {
  const { state, reason, device } = view;
  const canRetry = state === "offline" || state === "failed";
  const label = labelOf(view);
  // A reason that only repeats the state's name adds nothing.
  const hasReason = reason !== label;
  return html`
    <span class="pill ${state}" part="pill">
      <span class="dot" part="dot" aria-hidden="true"></span>
      <span role="status">
        <span class="state" part="state">${label}</span>
        ${state === "connected" && device
          ? html`<span class="device" part="device">as ${device.name}</span>`
          : nothing}
        ${hasReason ? html`<span class="reason" part="reason">${codeText(reason)}</span>` : nothing}
      </span>
      ${forget
        ? html`<button type="button" part="forget" @click=${forget}>Use the new host</button>`
        : nothing}
      ${canRetry
        ? html`<button type="button" part="retry" @click=${retry}>Try again</button>`
        : nothing}
    </span>
  `;
}
