// Pages connect all the time while the host replaces its connections to the relay, as it does before the
// gateway's limit of two hours; here the limit is twenty seconds. Gateway, relay, control plane, AWS SDK,
// host and connections are real; the pages use node-datachannel.
import process from "node:process";
import { setTimeout as sleep } from "node:timers/promises";
import { FolderAccessList } from "../../host/access/access_list.ts";
import { parseConfig } from "../../host/config/config.ts";
import { runHost } from "../../host/daemon.ts";
import { lambdaRegistry } from "../../host/signalling/registry_lambda.ts";
import { pairDevice, type TestDevice } from "../../host/testing/access.ts";
import { TestPage } from "../../host/testing/page.ts";
import { backoff, LighthouseError } from "../../wire/mod.ts";
import { type Bridge, startBridge } from "../local/bridge.ts";
import { dial } from "../testing/dial.ts";
import { seededRandom } from "../testing/random.ts";
import { between } from "./between.ts";

/** The run's plan. Times are in milliseconds. */
export interface RotationPlan {
  duration: number;
  /** New pages per second. */
  perSecond: number;
  /** The gateway's limit for a connection: 2 hours at AWS. */
  lifetime: number;
  /** Time of an update of the function, and the further time of warm instances with the old value. */
  propagation: number;
  staleFor: number;
  /** Whether to cut the host's connection at random, and to fail 30 % of the control plane's calls. */
  faults: boolean;
  seed: number;
}

/** The pages' outcomes. */
export interface Rotation {
  /** Pages that connected at their first attempt, and at a later one within the deadline. */
  atOnce: number;
  later: number;
  /** Pages that were told that the host is offline, while it was. */
  offline: number;
  /** Number of other pages, by error code. */
  lost: Record<string, number>;
  /** Number of connections that the host registered. */
  connections: number;
  /** Number of cut connections, and of failed calls to the control plane. */
  cuts: number;
  failedCalls: number;
  /** Times from the first attempt to the open channel. */
  times: number[];
}

/** A page's deadline, and the pauses between its attempts, as in the element. */
const DEADLINE = 30_000;
const RETRY = { first: 250, longest: 30_000 };

/** Pause between two cuts, at least and at most. */
const CUT = { least: 15_000, most: 45_000 };

const FAILING = 0.3;
const FAULTS = [
  { status: 500, code: "ServiceException" },
  { status: 429, code: "TooManyRequestsException" },
  { status: 409, code: "ResourceConflictException" },
];

/** Number of devices; each has a limit of two offers a second. */
const DEVICES = 24;

/** Runs the plan. Needs the built bundles. */
export async function runRotation(plan: RotationPlan): Promise<Rotation> {
  const { duration, perSecond, lifetime, propagation, staleFor, faults, seed } = plan;
  const random = seededRandom(seed);
  await using stack = new AsyncDisposableStack();
  const bridge = stack.use(
    await startBridge({ propagation, staleFor, lifetime, isPublic: false }),
  );
  const devices = await Promise.all(
    Array.from(
      { length: DEVICES },
      (_, at) => pairDevice(bridge.state, bridge.identity, `page ${at}`),
    ),
  );
  const result: Rotation = {
    atOnce: 0,
    later: 0,
    offline: 0,
    lost: {},
    connections: 0,
    cuts: 0,
    failedCalls: 0,
    times: [],
  };
  const host = stack.use(await startHost(bridge, plan, () => result.connections++));
  await host.online;
  // Until then, some instances of the relay know no host.
  await sleep(staleFor);

  const ended = new AbortController();
  if (faults) {
    bridge.controlPlane.faults.answer = () => {
      if (random() >= FAILING) return undefined;
      result.failedCalls++;
      return FAULTS[Math.floor(random() * FAULTS.length)];
    };
  }
  const cutting = faults
    ? cutAtRandom(bridge, random, ended.signal, () => result.cuts++)
    : undefined;
  const pages: Promise<void>[] = [];
  const started = performance.now();
  for (let at = 0; at < duration / 1000 * perSecond; at++) {
    await sleep(Math.max(0, started + at * 1000 / perSecond - performance.now()));
    pages.push(connectPage(bridge, devices[at % DEVICES]!, host, result));
  }
  await Promise.all(pages);
  ended.abort();
  await cutting;
  return result;
}

/** Connects as an element does, with retries until the deadline. */
async function connectPage(
  bridge: Bridge,
  device: TestDevice,
  host: RunningHost,
  result: Rotation,
): Promise<void> {
  const started = performance.now();
  const { gateway: { url: relay }, page: { origins: [origin] } } = bridge;
  for (let attempts = 1;; attempts++) {
    try {
      const page = await TestPage.connect((sdp) => dial({ relay, origin: origin!, device, sdp }));
      result.times.push(performance.now() - started);
      if (attempts === 1) result.atOnce++;
      else result.later++;
      await page.close();
      return;
    } catch (error) {
      const { code } = LighthouseError.from(error, "connection-failed");
      const pause = backoff(attempts, RETRY);
      if (performance.now() - started + pause < DEADLINE) {
        await sleep(pause);
        continue;
      }
      if (code === "host-offline" && !host.isOnline) result.offline++;
      else result.lost[code] = (result.lost[code] ?? 0) + 1;
      return;
    }
  }
}

interface RunningHost extends AsyncDisposable {
  readonly online: Promise<void>;
  /** Whether the host is online and all instances of the relay know it. */
  readonly isOnline: boolean;
}

/**
 * Starts a host in this process that replaces its connection as early as the gateway's limit requires.
 */
async function startHost(
  bridge: Bridge,
  { lifetime, propagation, staleFor }: RotationPlan,
  onConnection: () => void,
): Promise<RunningHost> {
  process.env.AWS_ENDPOINT_URL_LAMBDA = bridge.controlPlane.endpoint;
  process.env.AWS_ACCESS_KEY_ID = process.env.AWS_SECRET_ACCESS_KEY = "local";
  const stop = new AbortController();
  const online = Promise.withResolvers<void>();
  let since: number | undefined;
  const accessList = FolderAccessList.open(bridge.state, () => {});
  const relayFunction = { functionName: bridge.function.name, region: "us-east-1" };
  const config = parseConfig({
    relay: bridge.gateway.url,
    function: relayFunction.functionName,
    region: relayFunction.region,
    backend: bridge.backend.url,
    stun: "none",
  });
  const ended = runHost({
    settings: () => config,
    registry: () => lambdaRegistry(relayFunction),
    identity: bridge.identity,
    accessList,
    log: (_level, event) => {
      if (event === "relay-lost") since = undefined;
      if (event !== "online") return;
      since ??= performance.now();
      online.resolve();
      onConnection();
    },
    signal: stop.signal,
    timing: {
      // The old connection stays open until the last instance knows the new one.
      connectionLife: lifetime - propagation - staleFor - 3_000,
      grace: staleFor,
    },
  });
  await Promise.race([online.promise, ended]);
  return {
    online: online.promise,
    get isOnline() {
      return since !== undefined && performance.now() - since > staleFor;
    },
    async [Symbol.asyncDispose]() {
      stop.abort();
      await ended;
      accessList[Symbol.dispose]();
    },
  };
}

/** Now and then cuts the connection that is registered or about to be. */
async function cutAtRandom(
  bridge: Bridge,
  random: () => number,
  signal: AbortSignal,
  onCut: () => void,
): Promise<void> {
  while (!signal.aborted) {
    await sleep(between(CUT, random), undefined, { signal }).catch(() => {});
    const { LAPTOP_ID: id } = bridge.function.environment;
    if (signal.aborted || !id || !bridge.gateway.connections.has(id)) continue;
    onCut();
    await fetch(`${bridge.gateway.endpoint}/@connections/${encodeURIComponent(id)}`, {
      method: "DELETE",
    });
  }
}
