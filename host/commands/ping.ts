// `lighthouse-host ping`: round trips between the running host and a device's page.
import process from "node:process";
import { json } from "node:stream/consumers";
import { setTimeout as sleep } from "node:timers/promises";
import { type Device, devicesFolder, findDevice, readDevices } from "../access/devices.ts";
import { badSetting } from "../config/setting_parsers.ts";
import type { Settings } from "../config/settings.ts";
import { askHost } from "../control/socket.ts";
import { describeWay, type Way } from "../peers/way.ts";
import { print } from "../platform/terminal.ts";
import { openStateAnyway } from "./state.ts";

/** Time from one ping to the next, in milliseconds. */
const INTERVAL_MS = 1_000;

/** The host's answer to one. */
type Pong =
  | { way: Way; roundTrip: number }
  /** The page did not answer in time. */
  | { isLate: true }
  | { isConnected: false };

/**
 * Pings a device until the count is reached, or until Ctrl-C. Like ping(8), it prints a line for each, and
 * then a summary.
 *
 * @returns Whether the device has answered.
 */
export async function ping(
  text: string,
  flags: Settings & { json: boolean; count?: string },
): Promise<boolean> {
  const { state } = await openStateAnyway(flags);
  const count = parseCount(flags.count);
  const device = findDevice(readDevices(devicesFolder(state)), text);
  const first = await pingOnce(state, device);
  if (!first || "isConnected" in first) {
    const why = first ? `“${device.name}” is not connected` : `No host runs with ${state}`;
    if (flags.json) print(JSON.stringify({ running: first !== undefined, connected: false }));
    else print(why, process.stderr);
    return false;
  }
  if (!flags.json) print(`Pinging “${device.name}” (${device.id})`);
  const stop = new AbortController();
  process.once("SIGINT", () => stop.abort());
  const times: number[] = [];
  let sent = 0;
  for (let pong: Pong | undefined = first; pong; pong = await pingOnce(state, device)) {
    const began = Date.now();
    sent++;
    if ("roundTrip" in pong) times.push(pong.roundTrip);
    print(flags.json ? JSON.stringify(toJson(pong, sent)) : describePong(pong, sent));
    if (sent === count || stop.signal.aborted) break;
    const rest = INTERVAL_MS - (Date.now() - began);
    await sleep(Math.max(0, rest), undefined, { signal: stop.signal }).catch(() => {});
    if (stop.signal.aborted) break;
  }
  for (const summary of summarize(device, sent, times, flags.json)) print(summary);
  return times.length > 0;
}

/** @returns Undefined if no host runs. */
async function pingOnce(state: string, { id }: Device): Promise<Pong | undefined> {
  const answer = await askHost(state, `/ping?device=${encodeURIComponent(id)}`);
  if (answer && answer.statusCode !== 200) {
    throw badSetting("the running host is of an older version, which does not ping: restart it");
  }
  return answer && await json(answer) as Pong;
}

function parseCount(text: string | undefined): number | undefined {
  if (text === undefined || /^[1-9]\d{0,8}$/.test(text)) return text === undefined ? text : +text;
  throw badSetting(`--count is not a number from 1 on: ${text}`);
}

function describePong(pong: Pong, number: number): string {
  if ("roundTrip" in pong) {
    const way = describeWay(pong.way);
    return `answer ${number} in ${formatMs(pong.roundTrip)} ${way}`;
  }
  return "isLate" in pong ? `no answer ${number} in time` : `not connected ${number}`;
}

function toJson(pong: Pong, number: number): object {
  if ("roundTrip" in pong) return { number, way: pong.way, roundTrip: pong.roundTrip };
  return { number, error: "isLate" in pong ? "no-answer" : "not-connected" };
}

function summarize(
  { name }: Device,
  sent: number,
  times: number[],
  asJson: boolean,
): string[] {
  const lost = Math.round(100 * (1 - times.length / sent));
  const sum = times.reduce((sum, time) => sum + time, 0);
  const figures = times.length === 0 ? undefined : {
    min: Math.min(...times),
    average: sum / times.length,
    max: Math.max(...times),
  };
  if (asJson) return [JSON.stringify({ sent, answered: times.length, ...figures })];
  const counts = `${name}: ${sent} sent, ${times.length} answered, ${lost} % lost`;
  if (!figures) return [counts];
  const { min, average, max } = figures;
  const [least, mean, most] = [min, average, max].map(formatMs);
  return [counts, `round trip: least ${least}, average ${mean}, most ${most}`];
}

/** Such as `3.21 ms`. */
export function formatMs(ms: number): string {
  return `${ms < 10 ? ms.toFixed(2) : ms < 100 ? ms.toFixed(1) : ms.toFixed(0)} ms`;
}
