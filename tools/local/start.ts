// `npm start`: the whole bridge on this machine, and a demo page to click at.
//
//     npm start              the page on port 8080
//     PORT=9000 npm start    the page on another
import process from "node:process";
import { styleText } from "node:util";
import { build } from "../build.ts";
import { startBridge } from "./bridge.ts";
import type { HostLine } from "./host_process.ts";

/** The host's events that are shown as they come. */
const SHOWN = new Set([
  "registering",
  "online",
  "page-connected",
  "page-left",
  "relay-lost",
  "registration-failed",
  "signal-refused",
]);

const port = parsePort(process.env.PORT ?? "8080");
try {
  await start();
} catch (error) {
  console.error(`${styleText("red", "error:")} ${(error as Error).message}`);
  process.exitCode = 1;
}

async function start(): Promise<void> {
  const stop = Promise.withResolvers<string>();
  for (const signal of ["SIGINT", "SIGTERM", "SIGHUP"] as const) {
    process.on(signal, () => stop.resolve(signal));
  }
  await build();
  await using bridge = await startBridge({
    port,
    notes: ".lighthouse/notes.json",
    onHostLine: show,
  });
  console.log(`
  ${styleText("bold", "Lighthouse on this machine")}
  The relay's Lambda runs here, behind stand-ins for API Gateway and for Lambda's control plane.

  backend   ${bridge.backend.url}  (private: 127.0.0.1 alone)
  relay     ${bridge.gateway.url}
  page      ${styleText(["bold", "underline"], bridge.page.url)}  ← click here
`);
  const host = bridge.startHost();
  const reason = await Promise.race([
    stop.promise,
    host.exited.then((code) => `the host ended (${code}) ${host.errors}`),
  ]);
  if (!reason.startsWith("SIG")) throw new Error(`Cannot go on: ${reason}`);
  console.log("\n  stopping …");
}

function show({ level, event, message }: HostLine): void {
  if (!SHOWN.has(event)) return;
  const mark = level === "info" ? styleText("green", "●") : styleText("yellow", "▲");
  console.log(`  ${mark} ${message}`);
}

function parsePort(text: string): number {
  const number = Number(text);
  if (Number.isInteger(number) && number >= 0 && number <= 65535 && text.trim()) return number;
  console.error(`Cannot start: PORT is not a number from 0 to 65535: ${text}`);
  process.exit(2);
}
