// The usual alternative: PeerJS with its server, and a second Chromium in the host's place, since PeerJS
// runs in browsers.
import { once } from "node:events";
import type { Server } from "node:http";
import type { AddressInfo } from "node:net";
import { PeerServer } from "peer";
import { startPage } from "../local/page.ts";
import { BenchPage } from "./bench_page.ts";
import { type Contender, contenderOf } from "./contender.ts";
import type { Link } from "./link.ts";
import type { PeerJsSettings } from "./page/peerjs_ends.ts";
import { costOf, treeOf } from "./process_cost.ts";

/**
 * Shows the far page's address in place of an mDNS name, which the other side of a long wire cannot look
 * up. Lighthouse's host shows its address, too.
 */
const FAR_FLAGS = ["--disable-features=WebRtcHideLocalIpsWithMdns"];

/** Opens PeerJS's data connection. */
export async function openPeerJs(link: Link): Promise<Contender> {
  await using stack = new AsyncDisposableStack();
  const server = await new Promise<Server>((resolve) =>
    PeerServer({ port: 0, host: "127.0.0.1", path: "/" }, (server) => resolve(server as Server))
  );
  stack.defer(async () => {
    const closed = once(server, "close");
    server.close();
    server.closeAllConnections();
    await closed;
  });
  const site = stack.use(await startPage({ relay: () => "" }));
  const settings = { port: (server.address() as AddressInfo).port, far: "far" };
  const open = (script: string, options: { link?: Link; flags?: string[] }) =>
    BenchPage.open<PeerJsSettings>({ url: `${site.url}bench`, script, settings, ...options });

  const far = stack.use(await open("peerjs_far.ts", { flags: FAR_FLAGS }));
  await link.reach(site.port);
  await link.reach(settings.port);
  const page = stack.use(await open("peerjs.ts", { link }));
  const farProcesses = treeOf(far.browser.process()!.pid!);
  return contenderOf(page, () => costOf(...farProcesses), stack.move());
}
