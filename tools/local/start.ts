// `npm start`: runs the whole bridge on this machine, and serves a demo page or a site.
//
//     npm start -- --help
import process from "node:process";
import { styleText } from "node:util";
import { Admissions } from "../../host/access/admission.ts";
import { invite } from "../../host/access/invitation.ts";
import { pairingsFolder } from "../../host/access/pairings.ts";
import { watchKeys } from "../../host/platform/keys.ts";
import { escapeControls } from "../../host/platform/terminal.ts";
import { costOf, formatDollars } from "../../host/signalling/prices.ts";
import { writeSite } from "../../host/site/write_site.ts";
import { toBase64url } from "../../wire/mod.ts";
import { ensureBuilt } from "../built.ts";
import { temporaryFolder } from "../testing/temporary_folder.ts";
import { home } from "./backend_home.ts";
import { type Bridge, startBridge } from "./bridge.ts";
import { prepareExample } from "./examples.ts";
import type { HostLine } from "./host_process.ts";
import { Meter } from "./meter.ts";
import { startSiteServer } from "./site_server.ts";
import { parseFlags, parsePort } from "./start_flags.ts";

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

const flags = parseFlags(process.argv.slice(2));
const { registry, isApp } = flags;
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
  await ensureBuilt();
  if (flags.example) console.log(`Making examples/${flags.example} ready …`);
  const example = flags.example === undefined ? undefined : await prepareExample(flags.example);
  const backend = flags.backend ?? example?.backend;
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
    folder: example?.folder,
    origins: server && [server.origin],
    routes: isApp || example ? { "GET /": home } : {},
    backend,
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
  if (isApp) await writeApp(folder, page, bridge, backend ?? "Sample app");
  // A relay that knows the devices of an earlier start lets in nobody else.
  const admissions = await Admissions.open({ state: bridge.state });
  const pairings = pairingsFolder(bridge.state);
  const inviteMore = async () =>
    (await invite(pairings, bridge.identity, page, { admissions })).link;
  const hasKeys = process.stdin.isTTY && process.stdout.isTTY;
  console.log(`
  ${styleText("bold", "Lighthouse on this machine")}
  The relay's Lambda runs here, behind stand-ins for API Gateway and for Lambda's control plane.

  backend   ${backend ?? `${bridge.backend.url}  (private: 127.0.0.1 only)`}
  relay     ${bridge.gateway.url}
  registry  ${bridge.store?.url ?? "the Lambda's environment"}
  page      ${styleText(["bold", "underline"], await inviteMore())}  ← click here
  pair      ${pairCommand(bridge, page)}

  The link pairs your browser with the host once, within ten minutes. After that, and in any paired
  browser, open: ${page.href}
${hasKeys ? "\n  p  another link    q  quit\n" : ""}`);
  const tellLink = async () => {
    const text = await inviteMore().catch(({ message }) => message);
    console.log(`  ${styleText(["bold", "underline"], text)}`);
  };
  using _keys = hasKeys
    ? watchKeys({ p: () => void tellLink(), q: () => stop.resolve("SIGINT") })
    : undefined;
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

/** The command that lets another browser in, from the repository's folder. */
function pairCommand({ state }: Bridge, page: URL): string {
  return `node_modules/.bin/node host/dist/main.mjs pair --state ${state} --page ${page.href}`;
}

/** Writes the site of the app, as its owner would. */
async function writeApp(
  folder: string,
  page: URL,
  { gateway, store, identity }: Bridge,
  name: string,
) {
  const attributes = {
    "relay": gateway.url,
    "registry": store?.url,
    "stun": "none",
    "host-key": toBase64url(identity.publicKey),
  };
  await writeSite(folder, { page, attributes, service: "/", name });
}
