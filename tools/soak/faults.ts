// Causes random faults around a host.
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { WebSocket } from "ws";
import { invitedProtocols } from "../../host/testing/signalling.ts";
import { formatSendSignal } from "../../wire/mod.ts";
import { startBackend } from "../local/backend.ts";
import type { Route } from "../local/backend_route.ts";
import type { Bridge } from "../local/bridge.ts";
import type { HostProcess } from "../local/host_process.ts";
import { temporaryFolder } from "../testing/temporary_folder.ts";
import { between } from "./between.ts";

/** Pause between two faults, in milliseconds. */
const CALM = { least: 3_000, most: 15_000 };

/** Longest fault, in milliseconds. */
const ASLEEP_MS = 8_000;
const DOWN_MS = 3_000;
const CONFUSED_MS = 10_000;

/** The parts that can fail. */
export interface Fragile {
  bridge: Bridge;
  host: HostProcess;
  /** Routes of the bridge's backend, which its replacements have, too. */
  routes: Record<string, Route>;
  random: () => number;
  /** Ends the faults, and repairs everything. */
  ending: AbortSignal;
  onFault: (name: string) => void;
}

/** Causes one fault after the other. */
export async function failAtRandom(
  { bridge, host, routes, random, ending, onFault }: Fragile,
): Promise<void> {
  const { gateway: { endpoint }, controlPlane } = bridge;
  let { backend } = bridge;
  const { port } = backend;
  const faults: [name: string, fault: () => Promise<unknown>][] = [
    ["connection to the relay cut", () => {
      const { LAPTOP_ID: id } = bridge.function.environment;
      return fetch(`${endpoint}/@connections/${encodeURIComponent(id!)}`, { method: "DELETE" });
    }],
    ["gateway restarted", () => bridge.restartGateway()],
    ["control plane out of order", async () => {
      controlPlane.faults.answer = () =>
        random() < 0.5 ? { status: 500, code: "ServiceException" } : undefined;
      await sleep(random() * CONFUSED_MS);
      controlPlane.faults.answer = undefined;
    }],
    ["backend restarted", async () => {
      await backend.close();
      await sleep(random() * DOWN_MS);
      backend = await startBackend({ file: join(temporaryFolder(), "notes.json"), port, routes });
    }],
    ["machine asleep", async () => {
      host.signal("SIGSTOP");
      await sleep(random() * ASLEEP_MS);
      host.signal("SIGCONT");
    }],
    [
      "nonsense through the relay",
      () => sendNonsense(bridge, random),
    ],
  ];
  try {
    for (;;) {
      await sleep(between(CALM, random), undefined, { signal: ending }).catch(() => {});
      if (ending.aborted) break;
      const [name, fault] = faults[Math.floor(random() * faults.length)]!;
      onFault(name);
      await fault();
    }
  } finally {
    if (backend !== bridge.backend) await backend.close();
  }
}

/** Sends garbage, as anyone can who gets a connection to the relay. */
async function sendNonsense(bridge: Bridge, random: () => number): Promise<void> {
  const { gateway: { url }, page: { origins: [origin] } } = bridge;
  const socket = new WebSocket(url, await invitedProtocols(bridge), { origin });
  await new Promise((resolve, reject) => socket.on("open", resolve).on("error", reject));
  const text = () =>
    Array.from({ length: 1 + random() * 40 }, () => random().toString(36)).join("");
  for (let sent = 0; sent < 50; sent++) {
    const data = random() < 0.5 ? text() : { type: "sealed-offer", v: 1, tag: text(), enc: text() };
    socket.send(formatSendSignal({ data }));
    await sleep(20);
  }
  socket.terminate();
}
