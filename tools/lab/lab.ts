// Runs one case: makes the network, and starts run_case.ts in the middle of it.
import { once } from "node:events";
import process from "node:process";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";
import type { BrowserName } from "../browser.ts";
import type { LabCase, LabWay } from "./cases.ts";
import { Network } from "./network.ts";

/** How a case is run. */
export interface LabOptions {
  browser: BrowserName;
  /** Whether both ends have a TURN server. */
  turn: boolean;
}

/** A connect, from the element's start to the first answer. */
export interface LabDial {
  /** In milliseconds. */
  ms: number;
  /** The first way that has opened. A known device's first answer may come before. */
  way: LabWay;
  /** Where that was not the best way: the one that followed, with milliseconds from the element's start. */
  moved?: { ms: number; way: LabWay };
}

/** A download, compared with what was sent. */
export interface LabDownload {
  isExact: boolean;
  bytes: number;
  ms: number;
  /** The longest time without a byte, in milliseconds. */
  gap: number;
  /** Why it ended early. */
  error?: string;
}

/** What came of a case. */
export interface LabResult {
  name: string;
  /** The connect that pairs, of a device that is new to the host. */
  first?: LabDial;
  /** The next one, of the page that is opened anew. */
  known?: LabDial;
  /** The way at the end. */
  last: LabWay;
  /** A small download after the connect, or the one in whose middle something happens. */
  download?: LabDownload;
  /** From what has happened to the next answer, in milliseconds. */
  recovery?: number;
  /** The page's states, with milliseconds from the start of the last connect. */
  states: [number, string][];
  /** The host's log, if something went wrong. */
  hostLog?: string[];
  /** What went wrong: a connect that failed, or something in the lab itself. */
  error?: string;
}

/** What run_case.ts is to do. */
export interface CasePlan extends LabOptions {
  labCase: LabCase;
  /** The names of the namespaces. */
  wan: string;
  host: string;
  stun: Network["stun"];
  /** The host's list of TURN servers, and the certificate of their authority as PEM. */
  iceServers: Network["iceServers"];
  ca: string;
}

/** What happens to the network in the middle. */
export type NetworkChange = "move" | "rebind" | "rebind again" | "lift" | "block";

/** A line from run_case.ts: it asks for a change, or has the result. */
export type CaseLine = { change: NetworkChange } | { result: LabResult };

/** Limit for one case, in milliseconds. */
const CASE_MS = 240_000;

const MAIN = fileURLToPath(new URL("run_case.ts", import.meta.url));

/** Runs a case. It rejects only if there can be no such network. */
export async function runCase(labCase: LabCase, options: LabOptions): Promise<LabResult> {
  await using network = await Network.start(labCase);
  const { ca } = await network.startTurn();
  const plan: CasePlan = {
    ...options,
    labCase,
    wan: network.wan.name,
    host: network.host.name,
    stun: network.stun,
    iceServers: network.iceServers,
    ca,
  };
  const child = network.page.start([process.execPath, MAIN, JSON.stringify(plan)], {
    stdio: ["pipe", "pipe", "inherit"],
  });
  const timer = setTimeout(() => child.kill(), CASE_MS);
  let result: LabResult | undefined;
  createInterface({ input: child.stdout! }).on("line", (text) => {
    const line = JSON.parse(text) as CaseLine;
    if ("result" in line) result = line.result;
    else {
      change(network, line.change);
      child.stdin!.write("done\n");
    }
  });
  await once(child, "close");
  clearTimeout(timer);
  return result ?? {
    name: labCase.name,
    last: "none",
    states: [],
    error: "the case did not end in time, or ended early",
  };
}

function change(network: Network, what: NetworkChange): void {
  switch (what) {
    case "move":
      return network.movePage();
    case "rebind":
      return network.pageRouter.rebind("20000-29999");
    case "rebind again":
      return network.pageRouter.rebind("40000-49999");
    case "lift":
      return network.pageRouter.letUdpThrough();
    case "block":
      return network.pageRouter.blockUdp("dropped");
  }
}
