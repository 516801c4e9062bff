// Watches a host from outside while it is attacked: its memory, its event loop, its control socket, and
// how another device fares.
import { once } from "node:events";
import { connect } from "node:net";
import { json, text } from "node:stream/consumers";
import { setTimeout as sleep } from "node:timers/promises";
import { askHost } from "../../host/control/socket.ts";
import { LighthouseError, sendRequest, type Session } from "../../wire/mod.ts";
import { costOf } from "../bench/process_cost.ts";
import type { Delay } from "./host_probe.ts";

/** Pauses between looks at memory and control socket, and between GETs, in milliseconds. */
const MEMORY_MS = 50;
const STATUS_MS = 500;
const GET_MS = 20;

/** A GET that takes longer counts as a failure, in milliseconds. */
const GET_LIMIT_MS = 10_000;

/** The part of the host's status that is watched. */
export interface HostStanding {
  pages: number;
  requests: { underWay: number };
}

/** Asks the host's control socket. @throws {Error} If it does not answer in time. */
export async function standingOf(state: string): Promise<HostStanding> {
  const answer = await askHost(state, "/status");
  if (!answer) throw new Error("The host is gone");
  return await json(answer) as HostStanding;
}

/** Resident memory of a process, in bytes. */
export function memoryOf(pid: number): number {
  return costOf(pid)?.memory ?? 0;
}

/** The delays of the host's event loop since the last question. */
export async function askProbe(path: string, word: "read" | "gc" = "read"): Promise<Delay> {
  const socket = connect(path);
  await once(socket, "connect");
  socket.write(word);
  return JSON.parse(await text(socket)) as Delay;
}

/** What was seen until {@linkcode Watch.end}. Times in milliseconds. */
export interface Seen {
  /** Largest memory, in bytes. */
  memory: number;
  /** The control socket's slowest answer; Infinity if one did not come. */
  status: number;
  /** Times of the GETs. */
  gets: number[];
  troubles: string[];
}

/** Options of {@linkcode watch}. */
export interface WatchOptions {
  pid: number;
  state: string;
  session: Session;
}

/** Watches until the signal is aborted. */
export async function watch(options: WatchOptions, ending: AbortSignal): Promise<Seen> {
  const seen: Seen = { memory: 0, status: 0, gets: [], troubles: [] };
  const every = async (pause: number, look: () => unknown) => {
    while (!ending.aborted) {
      await look();
      await sleep(pause, undefined, { signal: ending }).catch(() => {});
    }
  };
  await Promise.all([
    every(MEMORY_MS, () => seen.memory = Math.max(seen.memory, memoryOf(options.pid))),
    every(STATUS_MS, async () => {
      const began = performance.now();
      const isThere = await standingOf(options.state).then(() => true, () => false);
      const took = isThere ? performance.now() - began : Infinity;
      seen.status = Math.max(seen.status, took);
    }),
    every(GET_MS, async () => {
      const began = performance.now();
      await get(options.session).catch((error) => {
        seen.troubles.push(`a GET failed: ${LighthouseError.from(error, "connection-lost").code}`);
      });
      seen.gets.push(performance.now() - began);
    }),
  ]);
  return seen;
}

/** Makes a small GET. @throws {Error} If it fails. */
export async function get(session: Session): Promise<void> {
  const request = { method: "GET", target: "/small", headers: [], body: null };
  const response = await sendRequest(session, request, AbortSignal.timeout(GET_LIMIT_MS));
  if (response.body) await text(response.body);
  if (response.status !== 200) throw new Error(`status ${response.status}`);
}
