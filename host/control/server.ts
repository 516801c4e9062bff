// The control socket: answers commands on this machine about the host's status and log.
import { once } from "node:events";
import { chmod, mkdir, rm } from "node:fs/promises";
import { createServer, type Server, type ServerResponse } from "node:http";
import process from "node:process";
import { json } from "node:stream/consumers";
import { setTimeout as sleep } from "node:timers/promises";
import { LighthouseError } from "../../wire/mod.ts";
import { formatJson } from "../platform/terminal.ts";
import { lockState } from "./lock.ts";
import type { Metrics } from "./metrics.ts";
import { type LogEntry, MAX_LINES, type Monitor } from "./monitor.ts";
import { askHost, controlPath } from "./socket.ts";

/** Options of {@linkcode serveControl}. */
export interface ControlOptions {
  /** The state folder. */
  state: string;
  monitor: Monitor;
  metrics: Pick<Metrics, "send">;
  /** The access list, for `/devices`. */
  devices: () => object[];
  /** Returns the rest of `/status`. No secrets: it is printed. */
  describe: () => Promise<object>;
  /** The connected pages, for `/connections`. */
  connections?: () => object[];
  /** Measures the round trip to a device's page, for `/ping`; undefined if none is connected. */
  ping?: (device: string) => Promise<object | undefined>;
  /** Returns the settings in force, with their passwords, for `/settings`. */
  settings: () => object;
}

/** Limit for another host that is starting to give its process id, in milliseconds. */
const TWIN_MS = 5_000;

/** Limit for a page to answer a ping, in milliseconds. */
const PONG_MS = 4_000;

/** Most followers of the log at once. */
const MAX_FOLLOWERS = 16;

/** Most bytes that may wait for a follower; then it is cut off. */
const MAX_WAITING = 1024 * 1024;

/**
 * Opens the socket, with mode 0600; each state folder has its own.
 *
 * @throws {LighthouseError} `bad-config` if another host runs with the same state folder.
 */
export async function serveControl(options: ControlOptions): Promise<AsyncDisposable> {
  const { state, monitor, describe } = options;
  const path = controlPath(state);
  let followers = 0;
  const server = createServer(async (request, response) => {
    try {
      const url = new URL(request.url ?? "/", "http://host");
      switch (`${request.method} ${url.pathname}`) {
        case "GET /status":
          return sendJson(response, 200, { ...await describe(), ...monitor.standing });
        case "GET /logs": {
          const wanted = Number(url.searchParams.get("lines") ?? MAX_LINES);
          for (const line of monitor.lines.slice(-wanted || monitor.lines.length)) {
            response.write(`${formatJson(line)}\n`);
          }
          if (url.searchParams.get("follow") !== "yes") return response.end();
          if (followers >= MAX_FOLLOWERS) return response.destroy();
          followers++;
          await follow(monitor, response);
          followers--;
          return;
        }
        case "GET /metrics":
          return await options.metrics.send(response);
        case "GET /settings":
          return sendJson(response, 200, options.settings());
        case "GET /ping": {
          const asked = options.ping?.(url.searchParams.get("device") ?? "");
          const late = sleep(PONG_MS, { isLate: true }, { ref: false });
          const answer = await Promise.race([asked, late]);
          return sendJson(response, 200, answer ?? { isConnected: false });
        }
        case "GET /connections":
          return sendJson(response, 200, { connections: options.connections?.() ?? [] });
        case "GET /devices":
          return sendJson(response, 200, { devices: options.devices() });
        default:
          return sendJson(response, 404, { error: { message: "There is no such thing" } });
      }
    } catch (error) {
      response.destroy(error as Error);
    }
  });
  await mkdir(state, { recursive: true, mode: 0o700 });
  const lock = await lockState(state);
  if (!lock) throw await twinError(state);
  try {
    await listen(server, path);
  } catch (error) {
    lock[Symbol.dispose]();
    throw error;
  }
  // The socket does not keep the process alive.
  server.unref();
  return {
    async [Symbol.asyncDispose]() {
      const closed = once(server, "close");
      // close() also removes the socket's file.
      server.close();
      server.closeAllConnections();
      await closed;
      lock[Symbol.dispose]();
    },
  };
}

async function listen(server: Server, path: string): Promise<void> {
  // Remove the socket of a killed host: a running one would have the lock.
  await rm(path, { force: true });
  // The umask keeps others out before the mode is set.
  const mask = process.umask(0o077);
  try {
    server.listen(path);
    await once(server, "listening");
  } finally {
    process.umask(mask);
  }
  await chmod(path, 0o600);
}

async function twinError(state: string): Promise<LighthouseError> {
  const pid = await pidOfTwin(state);
  return new LighthouseError(
    "bad-config",
    `Cannot run: another host runs with the state folder ${state}${pid && ` (process ${pid})`}. ` +
      "Stop that one, or give this one a folder of its own by --state",
  );
}

/** @returns "" if it does not answer. */
async function pidOfTwin(state: string): Promise<string> {
  const deadline = Date.now() + TWIN_MS;
  do {
    try {
      const answer = await askHost(state, "/status");
      if (answer) return String((await json(answer) as { pid: number }).pid);
    } catch {
      return "";
    }
    // The other host has the lock, and will listen in a moment.
    await sleep(50);
  } while (Date.now() < deadline);
  return "";
}

/** Writes new log entries until the follower disconnects. */
async function follow(monitor: Monitor, response: ServerResponse): Promise<void> {
  const hear = (event: Event) => {
    const { detail } = event as CustomEvent<LogEntry>;
    response.write(`${formatJson(detail)}\n`);
    if (response.writableLength > MAX_WAITING) response.destroy();
  };
  response.flushHeaders();
  monitor.addEventListener("line", hear);
  await once(response, "close");
  monitor.removeEventListener("line", hear);
}

function sendJson(response: ServerResponse, status: number, value: object): void {
  response.writeHead(status, { "content-type": "application/json" });
  response.end(formatJson(value));
}
