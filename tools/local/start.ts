// `npm start`: runs the whole bridge on this machine, and serves a demo page or a site.
//
//     npm start                     the page on port 8080
//     npm start -- --app            a site as lighthouse-host site writes it, with the sample app
//     npm start -- --registry s3    with the registry in S3, which the page reads
//     PORT=9000 npm start           the page on another port
import process from "node:process";
import { parseArgs, styleText } from "node:util";
import { Admissions } from "../../host/access/admission.ts";
import { invite } from "../../host/access/invitation.ts";
import { pairingsFolder } from "../../host/access/pairings.ts";
import { escapeControls } from "../../host/platform/terminal.ts";
import { costOf, formatDollars } from "../../host/signalling/prices.ts";
import { writeSite } from "../../host/site/write_site.ts";
import { toBase64url } from "../../wire/mod.ts";
import { build } from "../build.ts";
import { temporaryFolder } from "../testing/temporary_folder.ts";
import { home } from "./backend_home.ts";
import { type Bridge, startBridge } from "./bridge.ts";
import type { HostLine } from "./host_process.ts";
import { Meter } from "./meter.ts";
import { startSiteServer } from "./site_server.ts";

/** Events of the host to show. */
const SHOWN = new Set([
  "registering",
  "online",
  "device-paired",
  "device-revoked",
  "page-connected",
  "page-left",
  "relay-lost",
  "registration-failed",
  "foreign-entry",
  "signal-refused",
]);

/** Events after which to show the costs. */
const COSTING = new Set(["page-connected", "page-left"]);

const port = parsePort(process.env.PORT ?? "8080");
const { registry, isApp } = parseFlags(process.argv.slice(2));
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
  const meter = new Meter();
  const tellCost = () => {
    const billed = meter.read(bridge.gateway);
    const { messages, runs } = billed;
    const dollars = formatDollars(costOf(billed));
    const figures = `${messages} messages and ${runs} runs so far: ${dollars}`;
    console.log(`  ${styleText("dim", `AWS would have billed ${figures}`)}`);
  };
  const folder = temporaryFolder();
  await using server = isApp ? await startSiteServer({ folder, port }) : undefined;
  await using bridge = await startBridge({
    port: isApp ? 0 : port,
    origins: server && [server.origin],
    routes: isApp ? { "GET /": home } : {},
    onActivity: meter.note,
    // The relay's port stays the same, so that paired browsers recognise the relay.
    relayPort: port && port + 1,
    notes: ".lighthouse/notes.json",
    state: process.env.LIGHTHOUSE_STATE || ".lighthouse/state",
    isPublic: false,
    registry,
    onHostLine: (line) => {
      show(line);
      if (COSTING.has(line.event)) tellCost();
    },
  });
  const page = server ? new URL(server.origin) : new URL(bridge.page.url);
  if (isApp) await writeApp(folder, page, bridge);
  // A relay that knows the devices of an earlier start lets in nobody else.
  const admissions = await Admissions.open({ state: bridge.state });
  const pairings = pairingsFolder(bridge.state);
  const { link } = await invite(pairings, bridge.identity, page, { admissions });
  console.log(`
  ${styleText("bold", "Lighthouse on this machine")}
  The relay's Lambda runs here, behind stand-ins for API Gateway and for Lambda's control plane.

  backend   ${bridge.backend.url}  (private: 127.0.0.1 only)
  relay     ${bridge.gateway.url}
  registry  ${bridge.store?.url ?? "the Lambda's environment"}
  page      ${styleText(["bold", "underline"], link)}  ← click here

  The link pairs your browser with the host once, within ten minutes. After that, and in any paired
  browser, open: ${page.href}
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
  console.log(`  ${mark} ${escapeControls(message)}`);
}

/** Writes the site of the sample app, as its owner would. */
async function writeApp(folder: string, page: URL, { gateway, store, identity }: Bridge) {
  const attributes = {
    "relay": gateway.url,
    "registry": store?.url,
    "stun": "none",
    "host-key": toBase64url(identity.publicKey),
  };
  await writeSite(folder, { page, attributes, service: "/", name: "Sample app" });
}

function parseFlags(args: string[]): { registry: "lambda-env" | "s3"; isApp: boolean } {
  try {
    const options = { registry: { type: "string" }, app: { type: "boolean" } } as const;
    const { registry = "lambda-env", app: isApp = false } = parseArgs({ args, options }).values;
    if (registry === "lambda-env" || registry === "s3") return { registry, isApp };
    throw new Error(`--registry is neither lambda-env nor s3: ${registry}`);
  } catch (error) {
    console.error(`Cannot start: ${(error as Error).message}`);
    process.exit(2);
  }
}

function parsePort(text: string): number {
  const number = Number(text);
  if (Number.isInteger(number) && number >= 0 && number <= 65535 && text.trim()) return number;
  console.error(`Cannot start: PORT is not a number from 0 to 65535: ${text}`);
  process.exit(2);
}
