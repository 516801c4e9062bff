// The product: the element in the page, the host in a separate process, the bench's backend.
import { toBase64url } from "../../wire/mod.ts";
import { type Bridge, startBridge } from "../local/bridge.ts";
import { startBenchBackend } from "./backend.ts";
import { BenchPage, type BenchPageOptions } from "./bench_page.ts";
import { type Contender, contenderOf, type ContenderOptions } from "./contender.ts";
import { type Link, loopback } from "./link.ts";
import type { TunnelSettings } from "./page/embed.ts";
import { costOf } from "./process_cost.ts";

/** Opens the tunnel. Needs the built bundles. */
export async function openTunnel(
  link: Link,
  { backend, script = "tunnel.ts", browserName }: ContenderOptions = {},
): Promise<Contender> {
  await using stack = new AsyncDisposableStack();
  const { url } = backend ?? stack.use(await startBenchBackend());
  const bridge = stack.use(await startBridge({ propagation: 100, backend: url }));
  const host = bridge.startHost();
  await host.until("online");
  const page = stack.use(await openTunnelPage(bridge, { script, link, browserName }));
  return contenderOf(page, () => costOf(host.pid), stack.move());
}

/** Opens a page of the bench that has the element, and reaches the bridge. */
export async function openTunnelPage(
  { page: { port, url }, gateway, identity }: Bridge,
  options: Pick<BenchPageOptions<TunnelSettings>, "script" | "link" | "lends" | "browserName"> & {
    /** @default the bench's page */
    url?: string;
  },
): Promise<BenchPage> {
  const { link = loopback } = options;
  await link.reach(port);
  await link.reach(gateway.port);
  return await BenchPage.open<TunnelSettings>({
    url: `${url}bench`,
    modules: [`${url}lighthouse-tunnel.js`],
    settings: { relay: gateway.url, hostKey: toBase64url(identity.publicKey) },
    ...options,
  });
}
