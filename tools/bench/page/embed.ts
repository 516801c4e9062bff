// In the page: puts an element of the bench's host into it.
import type { LighthouseTunnel } from "../../../components/mod.ts";

/** Settings of a page with a tunnel. */
export interface TunnelSettings {
  /** The relay's WebSocket URL. */
  relay: string;
  /** The host's public key. */
  hostKey: string;
}

/** Adds an element. @param worker The URL of its service worker. @default none */
export function embed({ relay, hostKey }: TunnelSettings, worker?: string): LighthouseTunnel {
  const tunnel = document.createElement("lighthouse-tunnel");
  if (worker) tunnel.setAttribute("worker", worker);
  tunnel.setAttribute("host-key", hostKey);
  tunnel.setAttribute("relay", relay);
  tunnel.setAttribute("stun", "none");
  document.body.append(tunnel);
  return tunnel;
}
