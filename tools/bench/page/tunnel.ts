// In the page: uses the tunnel as a page's author does.
import type { LighthouseTunnel } from "../../../components/mod.ts";
import { payloadStream } from "../payload.ts";
import { offer } from "./driver.ts";
import { fetchCarrier } from "./fetch_carrier.ts";

/** Settings of the tunnel's page. */
export interface TunnelSettings {
  /** The relay's WebSocket URL. */
  relay: string;
  /** The host's public key. */
  hostKey: string;
}

offer(async (settings: TunnelSettings) => {
  const tunnel = embed(settings);
  await tunnel.ready;
  return {
    ...carrierOf(tunnel),
    async connect() {
      const another = embed(settings);
      await carrierOf(another).roundTrip();
      return () => another.remove();
    },
  };
});

function embed({ relay, hostKey }: TunnelSettings): LighthouseTunnel {
  const tunnel = document.createElement("lighthouse-tunnel");
  tunnel.setAttribute("host-key", hostKey);
  tunnel.setAttribute("relay", relay);
  tunnel.setAttribute("stun", "none");
  document.body.append(tunnel);
  return tunnel;
}

function carrierOf(tunnel: LighthouseTunnel) {
  return fetchCarrier((path, init) => tunnel.fetch(path, init), payloadStream);
}
