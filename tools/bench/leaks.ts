// Many requests, and whether anything of them is left at either end, by count: of all objects of the
// kinds that requests are made of, before and after.
import process from "node:process";
import { setTimeout as sleep } from "node:timers/promises";
import { queryObjects } from "node:v8";
import { FolderAccessList } from "../../host/access/access_list.ts";
import { parseConfig } from "../../host/config/config.ts";
import { runHost } from "../../host/daemon.ts";
import { MemoryRegistry } from "../../host/testing/relay.ts";
import { toBase64url } from "../../wire/mod.ts";
import { Stream } from "../../wire/session/stream.ts";
import { startBridge } from "../local/bridge.ts";
import { startBenchBackend } from "./backend.ts";
import { BenchPage } from "./bench_page.ts";
import type { TunnelSettings } from "./page/tunnel.ts";

/** How many requests. */
export interface LeakPlan {
  /** One after the other. */
  inRow: number;
  atOnce: number;
}

/** What a run has found. */
export interface Leaks extends LeakPlan {
  /** By kind of object: how many more there are than before. */
  page: Record<string, number>;
  /** As well, the host's, and those of the process around it. */
  host: Record<string, number>;
}

/** How many objects of each kind there are, by their names. */
type Counts = Record<string, number>;

/** So many more of a kind are no leak: the browser and Node.js have objects of their own. */
export const SLACK = 32;

/** What requests are made of in a page: the globals of their names. Of objects, there are all. */
const IN_PAGE = [
  "ReadableStream",
  "WritableStream",
  "AbortSignal",
  "AbortController",
  "Response",
  "Headers",
  "ArrayBuffer",
  "Uint8Array",
  "Map",
  "Set",
  "Function",
  "Object",
];

/** And in the host. */
const IN_HOST = [
  Stream,
  ReadableStream,
  WritableStream,
  AbortSignal,
  AbortController,
  ArrayBuffer,
  Uint8Array,
  Promise,
  Map,
  Set,
];

/** Pauses between looks, in milliseconds, and how many there are until something counts as left. */
const LOOK_MS = 500;
const LOOKS = 20;

/** After this many looks, and again after as many more, garbage is collected as thoroughly as can be. */
const SNAPSHOT_LOOKS = 3;

/** Runs it, with the host in this process. The bundles must have been built. */
export async function runLeaks(plan: LeakPlan): Promise<Leaks> {
  await using stack = new AsyncDisposableStack();
  const backend = stack.use(await startBenchBackend());
  const bridge = stack.use(await startBridge({ propagation: 100 }));
  const stop = new AbortController();
  const online = Promise.withResolvers<void>();
  const { url: relay } = bridge.gateway;
  const config = parseConfig({ relay, backend: backend.url, public: ["/"], stun: "none" });
  const host = runHost({
    settings: () => config,
    registry: () => new MemoryRegistry(bridge),
    identity: bridge.identity,
    accessList: stack.use(FolderAccessList.open(bridge.state, () => {})),
    log: (_level, event) => event === "online" && online.resolve(),
    signal: stop.signal,
  });
  stack.defer(() => {
    stop.abort();
    return host;
  });
  await Promise.race([online.promise, host]);
  const page = stack.use(
    await BenchPage.open<TunnelSettings>({
      url: `${bridge.page.url}bench`,
      modules: [`${bridge.page.url}lighthouse-tunnel.js`],
      script: "tunnel.ts",
      settings: { relay: bridge.gateway.url, hostKey: toBase64url(bridge.identity.publicKey) },
    }),
  );

  // Some things are made once, by the first requests.
  await page.run("roundTrips", { count: 300 });
  await page.run("rate", 8, 0);
  const before = { page: await countInPage(page), host: countInHost() };
  const { length } = await page.run("roundTrips", { count: plan.inRow });
  if (length !== plan.inRow) throw new Error(`Only ${length} of ${plan.inRow} requests were made`);
  await page.run("rate", plan.atOnce, 0);
  for (let look = 1;; look++) {
    const left = {
      page: difference(await countInPage(page), before.page),
      host: difference(countInHost(), before.host),
    };
    if (look === LOOKS || most(left) <= SLACK) return { ...plan, ...left };
    // Chromium has been seen to keep six requests' objects through any collection but a snapshot's.
    if (look % SNAPSHOT_LOOKS === 0) await page.snapshotHeap();
    // Connections to the backend are kept for some seconds.
    await sleep(LOOK_MS);
  }
}

function difference(after: Counts, before: Counts): Counts {
  return Object.fromEntries(
    Object.entries(after).map(([kind, count]) => [kind, count - before[kind]!]),
  );
}

/** How many more objects there are of the kind that has become most. */
export function most({ page, host }: Pick<Leaks, "page" | "host">): number {
  return Math.max(...Object.values(page), ...Object.values(host));
}

/** Garbage is collected before. */
async function countInPage({ tab }: BenchPage): Promise<Counts> {
  const counts: Counts = {};
  for (const kind of IN_PAGE) {
    const prototype = await tab.evaluateHandle(
      (kind) => (globalThis as unknown as Record<string, { prototype: object }>)[kind]!.prototype,
      kind,
    );
    const found = await tab.queryObjects(prototype);
    counts[kind] = await found.evaluate((all) => all.length);
    await Promise.all([found.dispose(), prototype.dispose()]);
  }
  return counts;
}

/** Garbage is collected before. */
function countInHost(): Counts {
  const resources = process.getActiveResourcesInfo();
  return {
    ...Object.fromEntries(IN_HOST.map((kind) => [kind.name, queryObjects(kind) as number])),
    timers: resources.filter((kind) => kind === "Timeout").length,
    sockets: resources.filter((kind) => kind === "TCPSocketWrap").length,
  };
}
