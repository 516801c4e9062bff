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
import { pairingLink, type RunningProgram, start as startProgram } from "../testing/program.ts";
import { temporaryFolder } from "../testing/temporary_folder.ts";
import { forwardPorts } from "./forward.ts";
import { isAsGood, wantedWays } from "./judge.ts";
import type { CaseLine, CasePlan, LabDial, LabDownload, LabResult, NetworkChange } from "./lab.ts";
import { SERVER, SERVER_V6 } from "./network.ts";
import { LabTab } from "./tab.ts";
import type { World } from "./world_main.ts";

const MiB = 2 ** 20;

const plan = JSON.parse(process.argv[2]!) as CasePlan;
const { labCase, browser: browserName, turn, stun } = plan;
const children: ChildProcess[] = [];
const answers: Interface = createInterface({ input: process.stdin });
process.on("exit", () => children.forEach((child) => child.kill()));

const wanted = wantedWays(labCase, turn);

const result: LabResult = { name: labCase.name, last: "none", states: [] };
try {
  await run();
} catch (error) {
  result.error = (error as Error).message;
}
say({ result });
process.exit(0);

async function run(): Promise<void> {
  const isIpv6 = labCase.isIpv6Page ?? false;
  const servers = isIpv6 ? [SERVER, SERVER_V6] : [SERVER];
  const world = JSON.parse(await startPart(plan.wan, "world_main.ts", ...servers)) as World;
  const { ports, page: pageUrl, relay } = world;
  const listen = [isIpv6 ? "::1" : "127.0.0.1"];
  await forwardPorts({ listen, to: isIpv6 ? SERVER_V6 : SERVER, ports });
  const forwarding = JSON.stringify({ listen: ["127.0.0.1"], to: SERVER, ports });
  const backend = await startPart(plan.host, "host_main.ts", forwarding);
  const host = await startHost(world, backend);

  // Firefox gathers candidates of the IP version by which the page came only.
  const local = (url: string) => isIpv6 ? url.replace("127.0.0.1", "localhost") : url;
  const site = local(pageUrl);
  // The authority of the TURN server's certificate is the lab's own.
  const args = browserName === "chromium" ? ["--ignore-certificate-errors"] : [];
  const browser = await launchBrowser(browserName, { acceptInsecureCerts: true, args });
  const open = async (context: Browser | BrowserContext) =>
    new LabTab(await context.newPage(), { site, relay: local(relay), stun: stun.page });
  /** Connects a new device. */
  const pair = async (tab: LabTab) =>
    await tab.connect(wanted.connect, new URL(await pairingLink(world.state, site)).hash);
  try {
    const tab = await open(browser);
    result.first = await pair(tab);
    result.known = await tab.connect(wanted.connect);
    await use(tab, async () => pair(await open(await browser.createBrowserContext())));
    result.states = await tab.states();
    result.last = (await tab.untilWay(wanted.last)).way;
  } catch (error) {
    result.hostLog = host.lines;
    throw error;
  } finally {
    await browser.close();
  }
}

/** What is done with a connection. @param another Connects a new device in a browser that shares nothing. */
async function use(tab: LabTab, another: () => Promise<LabDial>): Promise<void> {
  switch (labCase.then) {
    case undefined:
      // Through the relay at the stage's throttle, 1 MiB takes some seconds.
      result.download = await download(tab, await tab.way() === "relayed" ? MiB : 8 * MiB);
      return;
    case "pages": {
      const dials = await Promise.all(Array.from({ length: 4 }, another));
      const ways = dials.map(({ moved, way }) => moved?.way ?? way);
      if (!ways.every((way) => isAsGood(way, wanted.connect))) {
        throw new Error(`ways: ${ways.join(", ")}`);
      }
      result.recovery = Math.max(...dials.map(({ ms }) => ms));
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
      result.download = await download(tab, 16 * MiB, "move");
      result.recovery = await tab.small();
      return;
    case "lift":
      result.download = await download(tab, 16 * MiB, "lift");
      return;
    case "block":
      result.download = await download(tab, 16 * MiB, "block");
      return;
  }
}

/** Downloads, and has the network change in the middle. */
async function download(tab: LabTab, bytes: number, what?: NetworkChange): Promise<LabDownload> {
  const pending = tab.download(bytes);
  if (what) {
    await Promise.race([tab.hasBytes(bytesBefore(bytes)), pending]);
    await change(what);
  }
  return await pending;
}

/** How much of a download arrives before the network changes: what the relay has to carry takes long. */
function bytesBefore(bytes: number): number {
  return labCase.last === "relayed" ? bytes * 3 / 4 : MiB / 4;
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
  flags.push("--port-mapping", "on");
  // The cases are about the ways of WebRTC, which QUIC would hide wherever the host can be reached.
  flags.push("--quic", "off");
  if (turn) {
    const [servers, ca] = ["ice.json", "ca.pem"].map((name) => join(temporaryFolder(), name));
    await writeFile(servers!, JSON.stringify(plan.iceServers), { mode: 0o600 });
    await writeFile(ca!, plan.ca);
    flags.push("--ice-servers", servers!);
    environment.NODE_EXTRA_CA_CERTS = ca!;
  }
  const host = startProgram(["run", "--json", ...flags], environment, {
    through: ["ip", "netns", "exec", plan.host],
  });
  children.push(host.child);
  await host.until(/"online"/);
  // A page may come before the router has given a port; the cases are of pages that come later.
  if (labCase.host?.ports) await host.until(/"port-mapped"|"port-not-mapped"/);
  return host;
}
