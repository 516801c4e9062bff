// The product: the element in the page, the host in a separate process, the bench's backend.
import { toBase64url } from "../../wire/mod.ts";
import { startBridge } from "../local/bridge.ts";
import { startBenchBackend } from "./backend.ts";
import { BenchPage } from "./bench_page.ts";
import type { Contender } from "./contender.ts";
import type { Link } from "./link.ts";
import type { TunnelSettings } from "./page/tunnel.ts";
import { costOf } from "./process_cost.ts";

/** Opens the tunnel. Needs the built bundles. */
export async function openTunnel(link: Link): Promise<Contender> {
  await using stack = new AsyncDisposableStack();
  const backend = stack.use(await startBenchBackend());
  const bridge = stack.use(await startBridge({ propagation: 100, backend: backend.url }));
  const { gateway, page: { port, url } } = bridge;
  const host = bridge.startHost();
  await host.until("online");

  await link.reach(port);
  await link.reach(gateway.port);
  const page = stack.use(
    await BenchPage.open<TunnelSettings>({
      url: `${url}bench`,
      modules: [`${url}lighthouse-tunnel.js`],
      script: "tunnel.ts",
      settings: { relay: gateway.url, hostKey: toBase64url(bridge.identity.publicKey) },
      link,
    }),
  );
  const parts = stack.move();
  return {
    page,
    hostCost: () => costOf(host.pid),
    [Symbol.asyncDispose]: () => parts.disposeAsync(),
  };
}
