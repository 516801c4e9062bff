// A case of the lab, run in the world between the two sides: the stand-in for AWS is here, the host and
// the browser are started on their own machines. It prints lines of lab.ts's `CaseLine`.
import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { chmod, writeFile } from "node:fs/promises";
import { join } from "node:path";
import process from "node:process";
import { createInterface, type Interface } from "node:readline";
import { setTimeout as sleep } from "node:timers/promises";
import { fileURLToPath } from "node:url";
import { DEFAULT_THROTTLES } from "../../stack/throttles.ts";
import { toBase64url } from "../../wire/mod.ts";
import { type BrowserName, findBrowser } from "../browser.ts";
import { launchBrowser } from "../e2e/browser.ts";
import { type Bridge, startBridge } from "../local/bridge.ts";
import { start as startProgram } from "../testing/program.ts";
import { temporaryFolder } from "../testing/temporary_folder.ts";
import type { CaseLine, CasePlan, LabDownload, LabResult, NetworkChange } from "./lab.ts";
import { SERVER, SERVER_V6, TURN_PORT, TURN_USER } from "./network.ts";
import type { SideOptions } from "./side_main.ts";
import { LabTab } from "./tab.ts";

const MiB = 2 ** 20;
const SIDE = fileURLToPath(new URL("side_main.ts", import.meta.url));

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
  const bridge = await startBridge({ propagation: 100, throttles: DEFAULT_THROTTLES });
  const ports = [bridge.gateway.url, bridge.controlPlane.endpoint, bridge.page.url]
    .map((url) => Number(new URL(url).port));
  const isIpv6 = labCase.network.isIpv6Page ?? false;
  await startSide(undefined, {
    listen: isIpv6 ? [SERVER, SERVER_V6] : [SERVER],
    to: "127.0.0.1",
    ports,
  });
  await startSide(plan.page, {
    listen: ["127.0.0.1"],
    to: isIpv6 ? SERVER_V6 : SERVER,
    ports,
  });
  const backend = await startSide(plan.host, { listen: ["127.0.0.1"], to: SERVER, ports }, true);
  await startHost(bridge, backend);

  const browser = await openBrowser(browserName);
  const tab = await LabTab.open(await browser.newPage(), bridge.page.url, {
    relay: bridge.gateway.url,
    key: toBase64url(bridge.identity.publicKey),
    stun,
  });
  Object.assign(result, await tab.connect());
  if (result.isConnected) await use(tab);
  result.states = await tab.states();
  result.last = await tab.way();
}

/** What is done with a connection. */
async function use(tab: LabTab): Promise<void> {
  switch (labCase.then) {
    case undefined:
      // Through the relay at the stage's throttle, 1 MiB takes some seconds.
      result.download = await download(tab, result.way === "relayed" ? MiB : 8 * MiB);
      return;
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

/** Starts side_main.ts. @param namespace @default here @returns Its first line. */
async function startSide(
  namespace: string | undefined,
  options: SideOptions,
  hasBackend = false,
): Promise<string> {
  const args = [SIDE, JSON.stringify(options), ...hasBackend ? ["backend"] : []];
  const command = [...inside(namespace), process.execPath, ...args];
  const child = spawn(command[0]!, command.slice(1), { stdio: ["ignore", "pipe", "inherit"] });
  children.push(child);
  const [line] = await once(createInterface({ input: child.stdout! }), "line");
  return line as string;
}

/** Starts the host, as its owner does, and waits until it is online. */
async function startHost(bridge: Bridge, backend: string): Promise<void> {
  const flags = bridge.hostFlags();
  const set = (name: string, value: string) => flags[flags.indexOf(name) + 1] = value;
  set("--backend", backend);
  set("--stun", stun);
  flags.push("--port-mapping", "on", "--public", "/");
  if (turn) {
    const file = join(temporaryFolder(), "ice.json");
    await writeFile(
      file,
      JSON.stringify([{ urls: [`turn:${SERVER}:${TURN_PORT}`], ...TURN_USER }]),
      {
        mode: 0o600,
      },
    );
    flags.push("--ice-servers", file);
  }
  const host = startProgram(["run", "--json", ...flags], bridge.hostEnvironment, {
    through: inside(plan.host),
  });
  children.push(host.child);
  await host.until(/"online"/);
  // A page may come before the router has given a port; the cases are of pages that come later.
  if (labCase.network.host.ports) await host.until(/"port-mapped"|"port-not-mapped"/);
}

/** Starts the browser on the page's machine. */
async function openBrowser(name: BrowserName) {
  const program = join(temporaryFolder(), "browser");
  const command = inside(plan.page).join(" ");
  await writeFile(program, `#!/bin/sh\nexec ${command} "${await findBrowser(name)}" "$@"\n`);
  await chmod(program, 0o755);
  // By a pipe, or in Firefox's case by a port of that machine.
  return await launchBrowser(name, {
    executablePath: program,
    ...name === "chromium" ? { pipe: true } : {},
  });
}

function inside(namespace: string | undefined): string[] {
  return namespace === undefined ? [] : ["ip", "netns", "exec", namespace];
}
