// Makes many requests, and finds leaks at either end: counts the objects of the kinds that requests use,
// before and after.
import process from "node:process";
import { setTimeout as sleep } from "node:timers/promises";
import { queryObjects } from "node:v8";
import { FolderAccessList } from "../../host/access/access_list.ts";
import { parseConfig } from "../../host/config/config.ts";
import { runHost } from "../../host/daemon.ts";
import { MemoryRegistry } from "../../host/testing/relay.ts";
import { Stream } from "../../wire/session/stream.ts";
import { startBridge } from "../local/bridge.ts";
import { startBenchBackend } from "./backend.ts";
import type { BenchPage } from "./bench_page.ts";
import { openTunnelPage } from "./tunnel.ts";

/** Numbers of requests. */
export interface LeakPlan {
  /** Requests one after the other. */
  inRow: number;
  atOnce: number;
}

/** Results of a run. */
export interface Leaks extends LeakPlan {
  /** Growth of the number of objects, by kind. */
  page: Record<string, number>;
  /** The same at the host, with the process around it. */
  host: Record<string, number>;
}

/** Number of objects by the name of their kind. */
type Counts = Record<string, number>;

/** Growth of a kind that is no leak: the browser and Node.js make objects, too. */
const SLACK = 32;

/** Kinds that the browser and Node.js make none of: one more is a leak. */
const EXACT = ["ReadableStream", "WritableStream", "Response", "AbortSignal", "Stream"];

/** Kinds that requests use in a page, as names of globals. `Object` counts all objects. */
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

/** The same in the host. */
const OF_STREAMS = [Stream, ReadableStream, WritableStream, AbortSignal, AbortController];
const IN_HOST = [...OF_STREAMS, ArrayBuffer, Uint8Array, Promise, Map, Set];

/** Pause between counts, in milliseconds, and number of counts before the rest is a leak. */
const LOOK_MS = 500;
const LOOKS = 20;

/** Number of counts between heap snapshots, which collect the most garbage. */
const SNAPSHOT_LOOKS = 3;

/** Runs the requests, with the host in this process. Needs the built bundles. */
export async function runLeaks(plan: LeakPlan): Promise<Leaks> {
  await using stack = new AsyncDisposableStack();
  const backend = stack.use(await startBenchBackend());
  const bridge = stack.use(await startBridge({ propagation: 100 }));
  const stop = new AbortController();
  const online = Promise.withResolvers<void>();
  const { url: relay } = bridge.gateway;
  // A count holds the page up for seconds, and its QUIC channel is replaced then, which makes streams, too.
  const quic = "off";
  const config = parseConfig({ relay, backend: backend.url, public: ["/"], stun: "none", quic });
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
  const page = stack.use(await openTunnelPage(bridge, { script: "tunnel.ts" }));

  // The first requests make some objects that stay.
  await page.run("roundTrips", { count: 300 });
  await page.run("rate", 8, 0);
  const before = { page: await countInPage(page), host: countInHost() };
  const { length } = await page.run("roundTrips", { count: plan.inRow });
  if (length !== plan.inRow) throw new Error(`Only ${length} of ${plan.inRow} requests succeeded`);
  await page.run("rate", plan.atOnce, 0);
  for (let look = 1;; look++) {
    const left = {
      page: difference(await countInPage(page), before.page),
      host: difference(countInHost(), before.host),
    };
    if (look === LOOKS || leaked(left).length === 0) return { ...plan, ...left };
    // Chromium kept six requests' objects through every collection except a snapshot's.
    if (look % SNAPSHOT_LOOKS === 0) await page.snapshotHeap();
    // The host keeps connections to the backend open for some seconds.
    await sleep(LOOK_MS);
  }
}

function difference(after: Counts, before: Counts): Counts {
  return Object.fromEntries(
    Object.entries(after).map(([kind, count]) => [kind, count - before[kind]!]),
  );
}

/** Kinds that have leaked, as `page AbortSignal`. */
export function leaked(left: Pick<Leaks, "page" | "host">): string[] {
  const isLeak = ([kind, count]: [string, number]) => count > (EXACT.includes(kind) ? 0 : SLACK);
  const nameAll = (end: "page" | "host") =>
    Object.entries(left[end]).filter(isLeak).map(([kind]) => `${end} ${kind}`);
  return [...nameAll("page"), ...nameAll("host")];
}

/** Collects garbage, then counts. */
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

/** Collects garbage, then counts. */
function countInHost(): Counts {
  const resources = process.getActiveResourcesInfo();
  return {
    ...Object.fromEntries(IN_HOST.map((kind) => [kind.name, queryObjects(kind) as number])),
    timers: resources.filter((kind) => kind === "Timeout").length,
    sockets: resources.filter((kind) => kind === "TCPSocketWrap").length,
  };
}
