// `npm run bench`: compares this tunnel with a raw data channel, PeerJS and plain HTTP in one run.
// docs/bench/README.md says what it measures and how.
import { mkdir, writeFile } from "node:fs/promises";
import process from "node:process";
import { coldStarts } from "./cold_start.ts";
import { runCommand, tell, untilInterrupted } from "./command.ts";
import { type Connects, runConnects } from "./connects.ts";
import type { Contender, ContenderName, ContenderOpener } from "./contender.ts";
import { type FirstPages, runFirstPages } from "./first_page.ts";
import { type Flood, runFlood } from "./flood.ts";
import { backendTime, openHttp } from "./http.ts";
import { type Leaks, runLeaks } from "./leaks.ts";
import { type Link, loopback } from "./link.ts";
import { longLink } from "./long_link.ts";
import { describeMachine } from "./machine.ts";
import { durations } from "./measure.ts";
import { openPeerJs } from "./peerjs.ts";
import { runPaths } from "./paths/run_paths.ts";
import { parsePlan, type Plan, USAGE } from "./plan.ts";
import { plotResults } from "./plot.ts";
import { openRaw } from "./raw.ts";
import { formatReport } from "./report.ts";
import { figuresOf, formatResults, type Results } from "./results.ts";
import { type Resumed, runResume } from "./resume.ts";
import { runRounds } from "./rounds.ts";
import { sealingTimes } from "./sealing.ts";
import { runSoak, type Soak } from "./soak.ts";
import { checksOf } from "./targets.ts";
import { openTunnel } from "./tunnel.ts";

const OPENERS: Record<ContenderName, ContenderOpener> = {
  raw: openRaw,
  tunnel: openTunnel,
  peerjs: openPeerJs,
  http: openHttp,
};

const MiB = 1024 ** 2;
const GiB = 1024 ** 3;
const FOLDER = "docs/bench";

process.exit(await runCommand({ usage: USAGE, parse: parsePlan, run }));

async function run(plan: Plan): Promise<boolean> {
  if (plan.paths.length > 0) return await runPaths(plan);
  const results = await measure(plan);
  const checks = checksOf(results);
  console.log((plan.json ? formatResults(results) : formatReport(results, checks)).trimEnd());
  if (plan.quick) return true;
  if (plan.contenders.length === Object.keys(OPENERS).length) await write(results);
  return checks.every(({ isMet }) => isMet);
}

async function measure(plan: Plan): Promise<Results> {
  const { contenders, sizes, rtt, quick, soak, flood, resume } = plan;
  const date = new Date().toISOString();
  await using stack = new AsyncDisposableStack();
  const interrupted = untilInterrupted();
  const link = rtt ? stack.use(await longLink({ delay: rtt / 2 })) : loopback;
  const soaked = soak && await Promise.race([soakAlone(link, quick ? GiB / 64 : GiB), interrupted]);
  const leaks = soak && await Promise.race([leaksAlone(quick), interrupted]);
  const flooded = flood && await Promise.race([floodAlone(quick), interrupted]);
  const resumed = resume && await Promise.race([resumeAlone(link, plan), interrupted]);
  const opened = new Map<ContenderName, Contender>();
  for (const name of contenders) {
    tell(`opening ${name}`);
    opened.set(name, stack.use(await OPENERS[name](link)));
  }
  const samples = await Promise.race([
    runRounds(opened, sizes, (round, measurement, name) => {
      tell(`round ${round} of ${sizes.rounds}: ${measurement}, ${name}`);
    }),
    interrupted,
  ]);
  const [anyone] = opened.values();
  const isTunnel = contenders.includes("tunnel");
  return {
    date,
    machine: await describeMachine(await anyone!.page.browser.version()),
    plan: { rtt, quick, ...sizes },
    backendTime: await backendTime(sizes.roundTrips.count),
    contenders: Object.fromEntries([...samples].map(([name, each]) => [name, figuresOf(each)])),
    coldStart: isTunnel ? await coldStarts(quick ? 3 : 20) : undefined,
    connects: isTunnel ? await connectsAlone(link, quick) : undefined,
    // The app's browser is on this side of a long link.
    firstPages: isTunnel && !rtt ? await firstPagesAlone(quick) : undefined,
    sealing: isTunnel ? durations(await sealingTimes(sizes.roundTrips.count)) : undefined,
    soak: soaked || undefined,
    leaks: leaks || undefined,
    flood: flooded || undefined,
    resumed: resumed || undefined,
  };
}

/** Opens a new tunnel, so that the memory is only the soak's. */
async function soakAlone(link: Link, bytes: number): Promise<Soak> {
  tell("soak");
  await using tunnel = await openTunnel(link);
  return await runSoak(tunnel, bytes);
}

async function leaksAlone(quick: boolean): Promise<Leaks> {
  const inRow = quick ? 100 : 10_000;
  tell(`${inRow} requests in a row`);
  return await runLeaks({ inRow, atOnce: 256 });
}

async function connectsAlone(link: Link, quick: boolean): Promise<Connects> {
  tell("connects of new and of known devices");
  return await runConnects(quick ? 1 : 10, link);
}

async function firstPagesAlone(quick: boolean): Promise<FirstPages> {
  tell("first pages of an app");
  return await runFirstPages(quick ? 1 : 10);
}

async function floodAlone(quick: boolean): Promise<Flood> {
  tell("forged offers");
  return await runFlood(quick ? 1_000 : 10_000);
}

/** Runs over the link, too: the cut wires end at this side of it. */
async function resumeAlone(link: Link, { seed, quick }: Plan): Promise<Resumed> {
  tell(`resume, with the seed ${seed}`);
  const sizes = quick
    ? { download: 16 * MiB, upload: 4 * MiB, cuts: 5, connects: 1 }
    : { download: 256 * MiB, upload: 64 * MiB, cuts: 20, connects: 10 };
  return await runResume({ ...sizes, seed }, link);
}

async function write(results: Results): Promise<void> {
  const { rtt } = results.plan;
  const path = `${FOLDER}/${rtt ? `rtt-${rtt}` : "latest"}`;
  await mkdir(FOLDER, { recursive: true });
  await writeFile(`${path}.json`, formatResults(results));
  await writeFile(`${path}.svg`, plotResults(results));
  tell(`${path}.json and .svg are written`);
}
