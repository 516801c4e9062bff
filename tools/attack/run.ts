// Runs one attack against a host of its own.
import { type ChildProcess, fork } from "node:child_process";
import { once } from "node:events";
import { setPriority } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { devicesFolder, revokeDevice } from "../../host/access/devices.ts";
import type { Session } from "../../wire/mod.ts";
import { percentile } from "../bench/measure.ts";
import { startBridge } from "../local/bridge.ts";
import type { Attack, Result } from "./attack.ts";
import { faultsOf, slownessOf } from "./goals.ts";
import { type Counts, Guest, type GuestPlan } from "./guest.ts";
import type { FromGuest, ToGuest } from "./guest_main.ts";
import { askProbe, get, memoryOf, standingOf, watch } from "./watch.ts";

/** GETs that warm the host up, and the time in which the usual figures are measured, in milliseconds. */
const WARM_UP = 200;
const USUAL_MS = 1_500;

/** Time for the host to let go of the guest, in milliseconds. */
const LEAVE_MS = 10_000;

/** The guest's nice value: it should cost the host and not the machine, as if it came from elsewhere. */
const NICE = 10;

const PROBE = new URL("./host_probe.ts", import.meta.url);
const GUEST = new URL("./guest_main.ts", import.meta.url);

/** Runs an attack. Needs the built bundles, and Linux. @param duration In milliseconds. */
export async function runAttack(attack: Attack, duration: number): Promise<Result> {
  await using stack = new AsyncDisposableStack();
  const { isPublic = false, routes, name, what } = attack;
  const small = (_request: unknown, response: { end(text: string): void }) => response.end("ok");
  const bridge = stack.use(
    await startBridge({ propagation: 100, isPublic, routes: { "GET /small": small, ...routes } }),
  );
  const { state } = bridge;
  const probe = join(state, "probe.sock");
  const host = bridge.startHost(await attack.prepare?.(stack), {
    NODE_OPTIONS: `--import ${PROBE.href}`,
    LIGHTHOUSE_PROBE: probe,
  });
  await host.until("online");
  const { pid } = host;

  const plan = { relay: bridge.gateway.url, origin: bridge.page.origins[0]!, state };
  const guest = await startGuest({ ...plan, isStranger: isPublic, attack: name });
  stack.defer(() => void guest.child.kill("SIGKILL"));
  const troubles: string[] = [];
  const device = await Guest.create({ ...plan, isStranger: false }, "an honest device");
  stack.defer(() => device.leave());
  const session = await connectDevice(device, troubles);

  await askProbe(probe, "gc");
  const usual = await watch(
    { pid, state, session },
    AbortSignal.timeout(Math.min(duration, USUAL_MS)),
  );
  const delayBefore = await askProbe(probe, "gc");
  const before = memoryOf(pid);
  const firstLine = host.lines.length;

  const over = new AbortController();
  const watching = watch({ pid, state, session }, over.signal);
  const exited = host.exited.then((code) => {
    throw new Error(`The host ended (${code}): ${host.errors.slice(0, 2000)}`);
  });
  exited.catch(() => {});
  let counts: Counts;
  try {
    counts = await Promise.race([guest.attack(duration), exited]);
  } finally {
    over.abort();
  }
  const seen = await watching;
  const delay = await askProbe(probe);
  if (guest.id) await revokeDevice(devicesFolder(state), guest.id);
  guest.child.kill("SIGKILL");
  const leftovers = await untilLeft(state);
  await askProbe(probe, "gc");
  const left = memoryOf(pid) - before;
  await get(session).catch(({ message }) => troubles.push(`the last GET failed: ${message}`));

  const result: Omit<Result, "faults" | "missed"> = {
    name,
    what,
    delay: { ...delay, usual: delayBefore },
    growth: seen.memory - before,
    left,
    get: { usual: percentile(usual.gets, 50), meanwhile: percentile(seen.gets, 50) },
    status: seen.status,
    troubles: [...new Set([...troubles, ...seen.troubles])],
    leftovers,
    lines: host.lines.length - firstLine,
    counts,
  };
  const faults = [...faultsOf(result), ...attack.judge?.(counts) ?? []];
  return { ...result, faults, missed: [...slownessOf(result), ...faults] };
}

/** Connects the device that should notice nothing, and warms the host up. */
async function connectDevice(device: Guest, troubles: string[]): Promise<Session> {
  const onDetached = ({ message }: Error) => troubles.push(`it lost its connection: ${message}`);
  // Of two libdatachannels on loopback, one in a hundred connections fails (TestPage.connect).
  const start = () => device.startSession({ onDetached });
  const session = await start().catch(start);
  for (let at = 0; at < WARM_UP; at++) await get(session);
  return session;
}

/** A guest's process. */
interface GuestProcess {
  child: ChildProcess;
  /** The guest's id at the host; undefined for a stranger. */
  id: string | undefined;
  /** Lets it attack. @param duration In milliseconds. */
  attack(duration: number): Promise<Counts>;
}

async function startGuest(plan: GuestPlan & { attack: string }): Promise<GuestProcess> {
  const child = fork(GUEST);
  setPriority(child.pid!, NICE);
  const tell = async (message: ToGuest): Promise<FromGuest> => {
    child.send(message);
    const ended = once(child, "exit").then(() => {
      throw new Error("The guest's process ended");
    });
    ended.catch(() => {});
    const [answer] = await Promise.race([once(child, "message"), ended]);
    return answer as FromGuest;
  };
  const ready = await tell({ begin: plan });
  return {
    child,
    id: "ready" in ready ? ready.ready ?? undefined : undefined,
    async attack(duration) {
      const done = await tell({ attack: duration });
      return "done" in done ? done.done : {};
    },
  };
}

/** Waits until the host has only the other device's session. @returns What it still has. */
async function untilLeft(state: string): Promise<Result["leftovers"]> {
  const started = performance.now();
  for (;;) {
    const { pages, requests } = await standingOf(state);
    const leftovers = { pages: pages - 1, streams: requests.underWay };
    const isLeft = leftovers.pages <= 0 && leftovers.streams <= 0;
    if (isLeft || performance.now() - started > LEAVE_MS) return leftovers;
    await sleep(100);
  }
}
