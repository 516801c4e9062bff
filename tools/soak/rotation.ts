// Pages that connect all the time, while the host's links to the relay follow each other as they do
// before the gateway's two hours are over, with those two hours cut down to twenty seconds. Gateway,
// relay, control plane, AWS SDK, host and connections are real; the pages are node-datachannel's.
import process from "node:process";
import { setTimeout as sleep } from "node:timers/promises";
import { WebSocket } from "ws";
import { FolderAccessList } from "../../host/access/access_list.ts";
import { parseConfig } from "../../host/config/config.ts";
import { devicesFolder, writeDevice } from "../../host/access/devices.ts";
import { runHost } from "../../host/daemon.ts";
import { lambdaRegistry } from "../../host/signalling/registry_lambda.ts";
import { deviceOf, TestDevice } from "../../host/testing/access.ts";
import { type PageAnswer, TestPage } from "../../host/testing/page.ts";
import {
  backoff,
  formatSendSignal,
  LighthouseError,
  parseRelayMessage,
  parseSignal,
  type Signal,
} from "../../wire/mod.ts";
import { type Bridge, startBridge } from "../local/bridge.ts";
import { seededRandom } from "../testing/random.ts";
import { between } from "./between.ts";

/** What to do, and for how long. Times are in milliseconds. */
export interface RotationPlan {
  duration: number;
  /** Pages that begin to connect each second. */
  perSecond: number;
  /** The gateway's limit of a connection: 2 hours at AWS. */
  lifetime: number;
  /** How long an update of the function takes, and how long warm instances are behind after that. */
  propagation: number;
  staleFor: number;
  /** Whether the host's connection is cut at random, and 30 % of the control plane's calls fail. */
  faults: boolean;
  seed: number;
}

/** What became of the pages. */
export interface Rotation {
  /** Connected at their first attempt, and at a later one within the deadline. */
  atOnce: number;
  later: number;
  /** Told that the host is offline when their time was over, while it was: it had said so itself. */
  offline: number;
  /** All others, by what they were told. */
  lost: Record<string, number>;
  /** Links that became the host's, one after the other. */
  links: number;
  /** Connections that were cut, and calls of the control plane that were made to fail. */
  cuts: number;
  failedCalls: number;
  /** Times from the first attempt to the open channel. */
  times: number[];
}

/** A page's time to connect, and the pauses between its attempts, as an element makes them. */
const DEADLINE = 30_000;
const RETRY = { first: 250, longest: 30_000 };
const ANSWER = 10_000;

/** Between two cuts, at least and at most. */
const CUT = { least: 15_000, most: 45_000 };

const FAILING = 0.3;
const FAULTS = [
  { status: 500, code: "ServiceException" },
  { status: 429, code: "TooManyRequestsException" },
  { status: 409, code: "ResourceConflictException" },
];

/** Each has a limit of two offers a second. */
const DEVICES = 24;

/** Runs it. The bundles must have been built. */
export async function runRotation(plan: RotationPlan): Promise<Rotation> {
  const { duration, perSecond, lifetime, propagation, staleFor, faults, seed } = plan;
  const random = seededRandom(seed);
  await using stack = new AsyncDisposableStack();
  const bridge = stack.use(
    await startBridge({ propagation, staleFor, lifetime, isPublic: false }),
  );
  const devices = await Promise.all(
    Array.from({ length: DEVICES }, (_, at) => pairDevice(bridge, `page ${at}`)),
  );
  const result: Rotation = {
    atOnce: 0,
    later: 0,
    offline: 0,
    lost: {},
    links: 0,
    cuts: 0,
    failedCalls: 0,
    times: [],
  };
  const host = stack.use(await startHost(bridge, plan, () => result.links++));
  await host.online;
  // Until then some instances know of no host at all.
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

/** Connects as an element does: again and again, until its time is over. */
async function connectPage(
  bridge: Bridge,
  device: TestDevice,
  host: RunningHost,
  result: Rotation,
): Promise<void> {
  const started = performance.now();
  for (let attempts = 1;; attempts++) {
    try {
      const page = await TestPage.connect((sdp) => offer(bridge, device, sdp));
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

/** One message out, and the host's answer. */
async function offer(bridge: Bridge, device: TestDevice, sdp: string): Promise<PageAnswer> {
  const socket = new WebSocket(bridge.gateway.url, { origin: bridge.page.origins[0] });
  const { promise: reply, resolve, reject } = Promise.withResolvers<Signal>();
  const failed = (code: "no-answer" | "relay-unreachable", why: string) =>
    reject(new LighthouseError(code, why));
  const timer = setTimeout(() => failed("no-answer", "No answer in time"), ANSWER);
  socket.on("error", (error) => failed("relay-unreachable", error.message));
  socket.on("close", () => failed("relay-unreachable", "The relay closed the connection"));
  socket.on("message", (data) => {
    const message = parseRelayMessage(String(data));
    if (message.kind === "error") reject(new LighthouseError(message.code, message.message));
    else resolve(parseSignal(message.data));
  });
  try {
    const ask = async (data: unknown) => {
      if (socket.readyState === WebSocket.CONNECTING) {
        await Promise.race([new Promise((resolve) => socket.on("open", resolve)), reply]);
      }
      socket.send(formatSendSignal({ data }));
      return await reply;
    };
    const answer = await device.offer(ask, { sdp });
    if (answer && "sdp" in answer) return answer;
    const refusal = answer && "refused" in answer ? answer.refused : answer;
    throw new LighthouseError(refusal?.code ?? "no-answer", refusal?.message ?? "No answer");
  } finally {
    clearTimeout(timer);
    reply.catch(() => {});
    socket.terminate();
  }
}

interface RunningHost extends AsyncDisposable {
  readonly online: Promise<void>;
  /** Whether it is online, and all instances of the relay know by now. */
  readonly isOnline: boolean;
}

/** A host in this process, whose connections follow each other as early as the gateway's limit asks for. */
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
      // The old connection lives on until the last instance knows of the new one.
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

/** Cuts the connection that is registered, or the one that is on its way to be, now and then. */
async function cutAtRandom(
  bridge: Bridge,
  random: () => number,
  signal: AbortSignal,
  onCut: () => void,
): Promise<void> {
  while (!signal.aborted) {
    await sleep(between(CUT, random), undefined, { signal })
      .catch(() => {});
    const { LAPTOP_ID: id } = bridge.function.environment;
    if (signal.aborted || !id || !bridge.gateway.connections.has(id)) continue;
    onCut();
    await fetch(`${bridge.gateway.endpoint}/@connections/${encodeURIComponent(id)}`, {
      method: "DELETE",
    });
  }
}

async function pairDevice(bridge: Bridge, name: string): Promise<TestDevice> {
  return await TestDevice.paired(bridge.identity, {
    async add(key, known) {
      const device = await deviceOf(key, known);
      await writeDevice(devicesFolder(bridge.state), device);
      return device;
    },
  }, { name });
}
