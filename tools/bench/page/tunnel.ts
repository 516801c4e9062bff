// In the page: uses the tunnel as a page's author does.
import type { LighthouseTunnel } from "../../../components/mod.ts";
import { payloadStream } from "../payload.ts";
import { offer } from "./driver.ts";
import { embed, type TunnelSettings } from "./embed.ts";
import { fetchCarrier } from "./fetch_carrier.ts";

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

function carrierOf(tunnel: LighthouseTunnel) {
  return fetchCarrier((path, init) => tunnel.fetch(path, init), payloadStream);
}
