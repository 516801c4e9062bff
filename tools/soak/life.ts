// A host's life in minutes: browsers' pages come and go, and random faults hit everything around the
// host. Gateway, relay, control plane, AWS SDK, the host's program and Chromium are real.
import { readdirSync } from "node:fs";
import { setTimeout as sleep } from "node:timers/promises";
import { costOf } from "../bench/process_cost.ts";
import { launchBrowser } from "../e2e/browser.ts";
import { startBridge } from "../local/bridge.ts";
import { seededRandom } from "../testing/random.ts";
import { failAtRandom } from "./faults.ts";
import type { Life, LifePlan, Sample } from "./life_result.ts";
import { Acts, visit } from "./visits.ts";

/** Interval of samples, in milliseconds. */
const SAMPLE_MS = 2_000;

/** Runs the plan. Needs the built bundles. Reads the host's resources on Linux only, from /proc. */
export async function runLife(plan: LifePlan): Promise<Life> {
  const { duration, pages, rest, seed } = plan;
  await using stack = new AsyncDisposableStack();
  const life: Life = { visits: 0, answered: 0, failed: {}, wrong: [], faults: {}, samples: [] };
  const acts = new Acts();
  const routes = { "POST /acts": acts.route };
  const bridge = stack.use(
    await startBridge({ propagation: 1_000, staleFor: 1_000, lifetime: 120_000, routes }),
  );
  const host = bridge.startHost();
  await host.until("online");
  const browser = await launchBrowser();
  stack.defer(() => browser.close());

  const started = performance.now();
  let open = 0;
  const sampling = setInterval(() => {
    const at = Math.round(performance.now() - started);
    const taken = takenBy(host.pid);
    if (taken) life.samples.push({ at, ...taken, pages: open });
  }, SAMPLE_MS);
  stack.defer(() => clearInterval(sampling));

  const ending = AbortSignal.timeout(duration);
  const visits = Array.from({ length: pages }, async (_, at) => {
    const random = seededRandom(seed + 1 + at);
    while (!ending.aborted) {
      open++;
      await visit({ browser, url: bridge.page.url, acts, life, random, ending });
      open--;
    }
  });
  const faults = failAtRandom({
    bridge,
    host,
    routes,
    random: seededRandom(seed),
    ending,
    onFault: (name) => life.faults[name] = (life.faults[name] ?? 0) + 1,
  });
  const ended = host.exited.then((code) => {
    throw new Error(`The host ended (${code}): ${host.errors}`);
  });
  await Promise.race([Promise.all([...visits, faults]), ended]);
  await Promise.race([sleep(rest), ended]);
  ended.catch(() => {});
  life.wrong.push(...acts.faults());
  return life;
}

/** Reads a process's resources; undefined on systems other than Linux, and if the process has ended. */
function takenBy(pid: number): Pick<Sample, "memory" | "handles" | "threads"> | undefined {
  const memory = costOf(pid)?.memory;
  if (!memory) return undefined;
  const count = (folder: string) => readdirSync(`/proc/${pid}/${folder}`).length;
  return { memory, handles: count("fd"), threads: count("task") };
}
