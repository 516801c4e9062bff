// Measures connects to the first answer, of a device that the host does not know yet and of one that it knows,
// and beside them the round trips of the signalling.
import { pairingLink } from "../testing/program.ts";
import { startBridge } from "../local/bridge.ts";
import { startBenchBackend } from "./backend.ts";
import { type Link, loopback } from "./link.ts";
import type { ConnectsPage } from "./page/connects.ts";
import { openTunnelPage } from "./tunnel.ts";

/** Times in milliseconds. */
export interface Connects {
  /** A WebSocket to the relay, and an answer of the host: three round trips where TLS takes none. */
  signalling: number[];
  /** From a new element to the first answer. */
  newDevice: number[];
  knownDevice: number[];
}

/** The interface of the page's script. */
declare const connects: ConnectsPage;

/** Connects `count` times as each. Needs the built bundles. */
export async function runConnects(count: number, link: Link = loopback): Promise<Connects> {
  await using stack = new AsyncDisposableStack();
  const backend = stack.use(await startBenchBackend());
  const bridge = stack.use(await startBridge({ propagation: 100, backend: backend.url }));
  await bridge.startHost().until("online");
  const times: Connects = { signalling: [], newDevice: [], knownDevice: [] };
  // The first of each fills caches, and is left out.
  {
    await using page = await openTunnelPage(bridge, { script: "connects.ts", link });
    for (let at = -1; at < count; at++) {
      await page.tab.evaluate(() => connects.forget());
      const signalling = await page.tab.evaluate(() => connects.signal());
      const newDevice = await page.tab.evaluate(() => connects.connect());
      if (at < 0) continue;
      times.signalling.push(signalling);
      times.newDevice.push(newDevice);
    }
  }
  const url = await pairingLink(bridge.state, `${bridge.page.url}bench`);
  await using page = await openTunnelPage(bridge, { script: "connects.ts", link, url });
  for (let at = -1; at < count; at++) {
    const known = await page.tab.evaluate(() => connects.connect());
    if (at >= 0) times.knownDevice.push(known);
  }
  return times;
}
