// A case of the lab, run on the page's machine: here is the browser, the other parts are started where they
// belong. It prints lines of lab.ts's `CaseLine`.
import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import process from "node:process";
import { createInterface, type Interface } from "node:readline";
import { setTimeout as sleep } from "node:timers/promises";
import { fileURLToPath } from "node:url";
import type { Browser, BrowserContext } from "puppeteer-core";
import { launchBrowser } from "../e2e/browser.ts";
import { type RunningProgram, start as startProgram } from "../testing/program.ts";
import { temporaryFolder } from "../testing/temporary_folder.ts";
import { forward } from "./forward.ts";
import type { CaseLine, CasePlan, LabDownload, LabResult, NetworkChange } from "./lab.ts";
import { SERVER, SERVER_V6, TURN_SERVERS } from "./network.ts";
import { LabTab } from "./tab.ts";
import type { World } from "./world_main.ts";

const MiB = 2 ** 20;

const plan = JSON.parse(process.argv[2]!) as CasePlan;
const { labCase, browser: browserName, turn, stun } = plan;
const children: ChildProcess[] = [];
const answers: Interface = createInterface({ input: process.stdin });
process.on("exit", () => children.forEach((child) => child.kill()));

const result: LabResult = {
  name: labCase.name,
  isConnected: false,
  ms: 0,
  way: "none",
  last: "none",
  states: [],
};
try {
  await run();
} catch (error) {
  result.error = (error as Error).message;
}
say({ result });
process.exit(0);

async function run(): Promise<void> {
  const isIpv6 = labCase.network.isIpv6Page ?? false;
  const servers = isIpv6 ? [SERVER, SERVER_V6] : [SERVER];
  const world = JSON.parse(await startPart(plan.wan, "world_main.ts", ...servers)) as World;
  const { ports, page, relay, key } = world;
  const listen = ["127.0.0.1"];
  await forward({ listen, to: isIpv6 ? SERVER_V6 : SERVER, ports });
  const forwarding = JSON.stringify({ listen, to: SERVER, ports });
  const backend = await startPart(plan.host, "host_main.ts", forwarding);
  const host = await startHost(world, backend);

  const browser = await launchBrowser(browserName);
  try {
    const open = async (context: Browser | BrowserContext) =>
      await LabTab.open(await context.newPage(), page, {
        relay,
        key,
        stun: stun.page,
        iceServers: turn ? JSON.stringify(TURN_SERVERS) : undefined,
      });
    const tab = await open(browser);
    Object.assign(result, await tab.connect());
    if (result.isConnected) {
      await use(tab, async () => open(await browser.createBrowserContext()));
    } else result.hostLog = host.lines;
    result.states = await tab.states();
    result.last = await tab.way();
  } finally {
    await browser.close();
  }
}

/** What is done with a connection. @param another Opens a page in a browser that shares nothing. */
async function use(tab: LabTab, another: () => Promise<LabTab>): Promise<void> {
  switch (labCase.then) {
    case undefined:
      // Through the relay at the stage's throttle, 1 MiB takes some seconds.
      result.download = await download(tab, result.way === "relayed" ? MiB : 8 * MiB);
      return;
    case "pages": {
      const tabs = await Promise.all(Array.from({ length: 4 }, another));
      const all = await Promise.all(tabs.map((each) => each.connect()));
      const isRight = all.every(({ way }) => way === result.way);
      if (!isRight) result.reason = all.map(({ way, reason }) => reason ?? way).join(", ");
      else result.recovery = Math.max(...all.map(({ ms }) => ms));
      return;
    }
    case "idle":
      await sleep(75_000);
      result.recovery = await tab.small();
      return;
    case "rebind":
      await change("rebind");
      result.recovery = await tab.small();
      result.download = await download(tab, 32 * MiB, "rebind again");
      return;
    case "move":
      result.download = await download(tab, 32 * MiB, "move");
      result.recovery = await tab.small();
      return;
    case "lift":
      result.download = await download(tab, 16 * MiB, "lift");
      return;
  }
}

/** Downloads, and has the network change after the first part of the bytes. */
async function download(tab: LabTab, bytes: number, what?: NetworkChange): Promise<LabDownload> {
  const pending = tab.download(bytes);
  if (what) {
    await Promise.race([tab.hasBytes(MiB / 4), pending]);
    await change(what);
  }
  return await pending;
}

/** Has the other process change the network. */
async function change(what: NetworkChange): Promise<void> {
  const done = once(answers, "line");
  say({ change: what });
  await done;
}

function say(line: CaseLine): void {
  console.log(JSON.stringify(line));
}

/** Starts a program of this folder in another namespace. @returns Its first line. */
async function startPart(namespace: string, file: string, ...args: string[]): Promise<string> {
  const program = fileURLToPath(new URL(file, import.meta.url));
  const command = ["netns", "exec", namespace, process.execPath, program, ...args];
  const child = spawn("ip", command, { stdio: ["pipe", "pipe", "inherit"] });
  children.push(child);
  const [line] = await once(createInterface({ input: child.stdout }), "line");
  return line as string;
}

/** Starts the host, as its owner does, and waits until it is online. */
async function startHost(world: World, backend: string): Promise<RunningProgram> {
  const { flags, environment } = world;
  const set = (name: string, value: string) => flags[flags.indexOf(name) + 1] = value;
  set("--backend", backend);
  set("--stun", stun.host);
  flags.push("--port-mapping", "on", "--public", "/");
  if (turn) {
    const file = join(temporaryFolder(), "ice.json");
    await writeFile(
      file,
      JSON.stringify(TURN_SERVERS),
      {
        mode: 0o600,
      },
    );
    flags.push("--ice-servers", file);
  }
  const host = startProgram(["run", "--json", ...flags], environment, {
    through: ["ip", "netns", "exec", plan.host],
  });
  children.push(host.child);
  await host.until(/"online"/);
  // A page may come before the router has given a port; the cases are of pages that come later.
  if (labCase.network.host.ports) await host.until(/"port-mapped"|"port-not-mapped"/);
  return host;
}
