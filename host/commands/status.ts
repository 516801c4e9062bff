// `lighthouse-host status` and `logs`: prints the running host's status and log.
import process from "node:process";
import { createInterface } from "node:readline";
import { json } from "node:stream/consumers";
import { badSetting } from "../config/setting_parsers.ts";
import { STRANGERS } from "../access/shares.ts";
import type { Settings } from "../config/settings.ts";
import type { SeenService } from "../control/look.ts";
import type { LogEntry } from "../control/monitor.ts";
import { askHost } from "../control/socket.ts";
import type { HostStatus } from "../control/status.ts";
import { describePortMapping } from "../mapping/mod.ts";
import { formatLine } from "../platform/log.ts";
import { columnsOf, formatRow, wrap } from "../platform/layout.ts";
import { findUnit } from "../platform/service_manager.ts";
import { line, paint, type Painted, print } from "../platform/terminal.ts";
import { durationSince } from "../platform/duration.ts";
import type { ConnectedPage } from "../peers/sessions.ts";
import { formatBytes } from "../platform/bytes.ts";
import { describeQuic } from "../quic/describe.ts";
import { formatDollars } from "../signalling/prices.ts";
import { describeConnection } from "./devices.ts";
import { openStateAnyway } from "./state.ts";

/** Asks the running host for its status. @returns Undefined if no host runs. */
export async function readStatus(state: string): Promise<HostStatus | undefined> {
  const answer = await askHost(state, "/status");
  return answer && await json(answer) as HostStatus;
}

/** Asks the running host for its settings, with their passwords. @returns Undefined if no host runs. */
export async function readHostSettings(state: string): Promise<Settings | undefined> {
  const answer = await askHost(state, "/settings");
  // A host of an older version has no such path.
  return answer?.statusCode === 200 ? await json(answer) as Settings : undefined;
}

/** Prints the host's status. @returns Whether it runs and is online. */
export async function printStatus(flags: Settings & { json: boolean }): Promise<boolean> {
  const { state } = await openStateAnyway(flags);
  const status = await readStatus(state);
  if (!status) {
    print(
      flags.json
        ? JSON.stringify({ running: false })
        : line`${paint("red", "●")} No host runs with ${state}. lighthouse-host run starts one`,
    );
    return false;
  }
  if (flags.json) print(JSON.stringify({ running: true, ...status }));
  else for (const text of describe(status)) print(text);
  return status.phase === "online";
}

/** How the host is, in one line. */
export function summarize({ phase, since, reason }: HostStatus): Painted {
  const mark = paint(phase === "online" ? "green" : "yellow", "●");
  return line`${mark} ${phase} for ${durationSince(Date.parse(since))}${
    reason ? `: ${reason}` : ""
  }`;
}

function describe(status: HostStatus): Painted[] {
  const { reason, version, pid, started, relay, registry, trouble } = status;
  const { services, devices, pages, requests } = status;
  const { port, quic } = status.networks ?? {};
  const rows: [name: string, text: string | Painted][] = [
    ["relay", relay],
    ["registry", registry],
    ...services.map((seen): [string, Painted] => ["service", formatSeen(seen)]),
    ...status.public.map((prefix): [string, string] => ["public", `${prefix}: anybody reaches it`]),
    ["devices", `${devices} paired`],
    ["pages", `${pages} connected`],
    ...(status.connections ?? []).map((
      page,
    ): [string, string] => ["page", describePage(page, status)]),
    ...status.relayed ? [["relayed", describeRelayed(status.relayed)] as [string, string]] : [],
    ["requests", `${requests.answered} answered, ${requests.underWay} under way`],
    ...port ? [["port", describePortMapping(port)] as [string, string]] : [],
    ...quic ? [["quic", describeQuic(quic)] as [string, string]] : [],
    ["process", `${pid}, for ${durationSince(Date.parse(started))}, version ${version}`],
  ];
  if (trouble && trouble.message !== reason) {
    rows.push([
      "last trouble",
      `${durationSince(Date.parse(trouble.time))} ago: ${trouble.message}`,
    ]);
  }
  return [
    wrap(summarize(status), columnsOf()),
    ...rows.map(([name, text]) => formatRow(`  ${name}`, text, { at: 16 })),
  ];
}

/** A page: whose it is, its way, its round trip, its bytes, since when, and why its way is not direct. */
function describePage(page: ConnectedPage, { networks }: HostStatus): string {
  const { name, bytesIn, bytesOut, since } = page;
  const id = name === null ? STRANGERS : page.device;
  const network = networks?.devices.find(({ device }) => device === id);
  const isDirect = !network || network.cause === "direct" || network.cause === "untried";
  const why = isDirect ? "" : `. ${network.message}`;
  const bytes = `${formatBytes(bytesIn)} in, ${formatBytes(bytesOut)} out`;
  const who = name === null ? "not paired" : `“${name}”`;
  return `${who}: ${describeConnection(page)}, ${bytes}, for ${
    durationSince(Date.parse(since))
  }${why}`;
}

/** Whether sessions go through the relay, and what they cost. */
function describeRelayed({ state, spent, budget }: NonNullable<HostStatus["relayed"]>): string {
  if (state === "off") return "off (relay-budget 0)";
  const dollars = `${formatDollars(spent)} of ${formatDollars(budget)} spent today`;
  return state === "on" ? dollars : `${dollars}: no more until midnight UTC (relay-budget)`;
}

/** A service, and its trouble if it has any, with the cure. */
export function formatSeen({ service, isUp, trouble, hint, cure }: SeenService): Painted {
  const isWell = isUp !== false && !trouble;
  const what = trouble ?? (isUp === false ? "does not answer" : hint);
  if (what === undefined) return line`${service}`;
  return line`${service}${paint(isWell ? "yellow" : "red", `  ${what}${cure ? `: ${cure}` : ""}`)}`;
}

/** Prints the last lines of the host's log, and with `follow` new lines as they come. */
export async function printLogs(
  flags: Settings & { json: boolean; follow?: boolean; lines?: string },
): Promise<boolean> {
  const { state } = await openStateAnyway(flags);
  const { lines = "50", follow = false } = flags;
  if (!/^\d{1,5}$/.test(lines)) throw badSetting(`--lines is not a number: ${lines}`);
  const answer = await askHost(state, `/logs?lines=${lines}${follow ? "&follow=yes" : ""}`);
  if (!answer) {
    const unit = await findUnit();
    const where = unit ? `. The system service's log: ${unit.logs}` : "";
    print(`No host runs with ${state}${where}`, process.stderr);
    return false;
  }
  answer.setTimeout(0);
  for await (const text of createInterface({ input: answer })) {
    if (flags.json) {
      print(text);
      continue;
    }
    const { time, level, message } = JSON.parse(text) as LogEntry;
    print(formatLine(time, level, message));
  }
  return true;
}
