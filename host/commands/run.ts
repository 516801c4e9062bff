// `lighthouse-host run`: the daemon.
import { rm } from "node:fs/promises";
import { join } from "node:path";
import process from "node:process";
import { DEFAULT_HOST, LighthouseError, toBase64url } from "../../wire/mod.ts";
import { Admissions } from "../access/admission.ts";
import { FolderAccessList } from "../access/access_list.ts";
import { type Identity, readIdentity } from "../access/host_key.ts";
import { formatInvitation, invite } from "../access/invitation.ts";
import { pairingsFolder } from "../access/pairings.ts";
import { type HostConfig, toSettings } from "../config/config.ts";
import { withoutSecrets } from "../config/ice_servers.ts";
import { formatService, withoutPassword } from "../config/service_config.ts";
import type { Settings } from "../config/settings.ts";
import type { HostPeers } from "../daemon.ts";
import { lookAt } from "../control/look.ts";
import { Metrics, serveMetrics } from "../control/metrics.ts";
import { Monitor } from "../control/monitor.ts";
import { serveControl } from "../control/server.ts";
import type { Networks } from "../doctor/networks.ts";
import { cutLongLines, FoldedLog } from "../platform/bounded_log.ts";
import { atLeast, createLog, isAtLeast, type Log } from "../platform/log.ts";
import { keepShort, LOG_FILE } from "../platform/log_file.ts";
import { writePrivateFile } from "../platform/private_file.ts";
import { createNotifier } from "../platform/sd_notify.ts";
import { line, print } from "../platform/terminal.ts";
import { CookieFolder } from "../proxy/cookie_folder.ts";
import { openRegistry } from "../signalling/open_registry.ts";
import { RelayBudget } from "../signalling/relay_budget.ts";
import { Usage } from "../signalling/usage.ts";
import { toJson } from "./devices.ts";
import { type Current, followSettings, leave } from "./live_config.ts";
import { openState, readConfig } from "./state.ts";
import manifest from "../../package.json" with { type: "json" };

/** Lines that the log has after the first link, until the host is online; and an empty one. */
const LINES_OF_START = 3;

/** The log events that set the status line of `systemctl status`. */
const STATUS = new Set([
  "starting",
  "registering",
  "online",
  "relay-unreachable",
  "relay-lost",
  "registration-failed",
  "stopping",
]);

/**
 * Runs the host until SIGINT, SIGTERM or, when its terminal goes, SIGHUP.
 *
 * @throws {LighthouseError} `bad-config` or `replaced`.
 */
export async function run(flags: Settings & { json: boolean }): Promise<void> {
  const { file, state } = await openState(flags);
  const { config, page } = readConfig(flags, file);
  // It loads WebRTC, which may have to be installed: only when the settings are right.
  const { runHost } = await import("../daemon.ts");
  const identity = await readIdentity(state);
  const open = (bridge: HostConfig) =>
    openRegistry(bridge, () => Promise.resolve(identity), (message) => {
      log("warn", "foreign-entry", message);
    });
  const current: Current = { config, registry: await open(config) };
  const admissions = await Admissions.open({
    state,
    host: () => current.config.registry.host ?? DEFAULT_HOST,
  });
  const level = () => current.config.logLevel ?? "info";
  const print = createLog(flags.json);
  using notifier = createNotifier(process.env, ({ message }) => {
    print("warn", "notify-failed", `cannot tell systemd how the host is: ${message}`);
  });
  const logFile = process.env[LOG_FILE];
  using _file = logFile === undefined ? undefined : keepShort(logFile, ({ message }) => {
    print("warn", "log-not-kept-short", `cannot keep the log's file short: ${message}`);
  });
  const monitor = new Monitor(level);
  const printed = atLeast(level, print);
  using folded = new FoldedLog(monitor.keep((level, event, text, fields) => {
    printed(level, event, text, fields);
    if (STATUS.has(event)) notifier.status(text);
  }));
  const log = cutLongLines(monitor.watch(folded.log));
  using accessList = FolderAccessList.open(state, log);
  await using cookies = CookieFolder.open(state, { devices: () => accessList.active, log });
  const started = new Date().toISOString();
  let networks: Networks | undefined;
  const look = () => ({ standing: monitor.standing, devices: accessList.active.length });
  const metrics = new Metrics(log, look, () => isAtLeast(level(), "debug"));
  await using served = config.metrics === undefined
    ? undefined
    : await serveMetrics(metrics, config.metrics);
  if (served) log("info", "metrics", `numbers are at http://127.0.0.1:${served.port}/metrics`);
  let peers: HostPeers | undefined;
  const onTrouble = ({ message }: Error) => {
    log("warn", "usage-not-saved", `cannot write down what the relay costs: ${message}`);
  };
  await using budget = await RelayBudget.open(state, {
    limit: () => current.config.relayBudget,
    onTrouble,
  });
  await using _control = await serveControl({
    state,
    monitor,
    metrics,
    devices: () => accessList.active.map(toJson),
    settings: () => toSettings(current.config),
    connections: () => peers?.pages ?? [],
    ping: async (device) => await peers?.ping(device),
    describe: async () => ({
      version: manifest.version,
      pid: process.pid,
      started,
      relay: current.config.relay.href,
      registry: current.registry.name,
      services: await lookAt(current.config.services),
      public: current.config.public,
      devices: accessList.active.length,
      requests: { answered: metrics.answered, underWay: metrics.underWay() },
      connections: peers?.pages ?? [],
      relayed: {
        state: peers?.relayed?.state ?? "on",
        spent: budget.spent,
        budget: budget.limit,
      },
      networks: networks?.view,
      settings: toSettings({
        ...current.config,
        services: current.config.services.map(withoutPassword),
        iceServers: current.config.iceServers && withoutSecrets(current.config.iceServers),
      }),
    }),
  });
  const stop = new AbortController();
  for (const name of ["SIGINT", "SIGTERM", "SIGHUP"] as const) {
    process.once(name, () => {
      log("info", "stopping", "stopping");
      notifier.stopping();
      stop.abort();
    });
  }
  const services = config.services.map(formatService).join(", ");
  log("info", "starting", `connecting to ${config.relay.host} for ${services}`, {
    hostKey: identity.fingerprint,
  });
  warnOf(config, identity, log);
  if (accessList.active.length === 0 && config.public.length === 0) {
    // Show the link only at a terminal: others may read a log.
    const isShown = process.stdout.isTTY && !flags.json &&
      await showInvitation(state, identity, page, admissions);
    if (!isShown) {
      log("warn", "nobody-paired", "no device is paired yet: lighthouse-host pair lets one in");
    }
  }
  await using usage = await Usage.open(state, {
    onTrouble,
    onRelayed: (dollars, page) => budget.spend(dollars, !peers?.relayed?.isOfDevice(page)),
  });
  // Ready also without a network: the host waits for it.
  notifier.ready();
  const changes = new EventTarget();
  using _settings = followSettings(current, {
    flags,
    path: file.path,
    state,
    open,
    changes,
    log,
    onChange: () => warnOf(current.config, identity, log),
  });
  const inspectorFile = join(state, "inspector.url");
  await using _ = { [Symbol.asyncDispose]: () => rm(inspectorFile, { force: true }) };
  await runHost({
    settings: () => current.config,
    registry: () => current.registry,
    changes,
    metrics,
    identity,
    accessList,
    admissions,
    cookies,
    log,
    usage,
    budget,
    onPeers: (all) => peers = all,
    signal: stop.signal,
    onNetworks: (known) => {
      networks = known;
    },
    onInspector: (url) => showInspector(url, inspectorFile, flags.json, log),
  });
  await leave(current.registry, log);
  folded[Symbol.dispose]();
  log("info", "stopped", "stopped");
}

/** Shows the inspector's address, a secret, only at a terminal and in a private file. */
async function showInspector(url: string, file: string, json: boolean, log: Log): Promise<void> {
  try {
    await writePrivateFile(file, `${url}\n`);
    log("info", "inspecting", `requests are shown on the page whose address is in ${file}`, {
      file,
    });
  } catch (error) {
    log("warn", "inspecting", `cannot write the inspector's address: ${(error as Error).message}`);
  }
  if (process.stdout.isTTY && !json) print(line`\nInspector: ${url}\n`);
}

/** Says which services anybody reaches, and which certificates are not checked. */
function warnOf(
  { public: prefixes, services }: HostConfig,
  { publicKey }: Identity,
  log: Log,
): void {
  for (const service of services) {
    if (!("backend" in service) || !service.tls?.insecure) continue;
    const { prefix, backend } = service;
    const text = `the certificate of ${backend.origin}, for ${prefix}, is not checked (insecure)`;
    log("warn", "insecure", text, { service: prefix });
  }
  if (prefixes.length === 0) return;
  const what = prefixes.includes("/")
    ? "ALL SERVICES ARE PUBLIC"
    : `PUBLIC: ${prefixes.join(", ")}`;
  log(
    "warn",
    "public",
    `${what}: anybody who finds the relay's address reaches what is there, without being paired`,
    { public: prefixes, hostKey: toBase64url(publicKey) },
  );
}

/** @returns Whether there was an invitation to show. Too many may be open; the host runs all the same. */
async function showInvitation(
  state: string,
  identity: Identity,
  page: URL | undefined,
  admissions: Admissions,
): Promise<boolean> {
  try {
    const invitation = await invite(pairingsFolder(state), identity, page, { admissions });
    print(
      line`\nNo device is paired yet.\n${
        formatInvitation(invitation, page, { below: LINES_OF_START })
      }\n`,
    );
    return true;
  } catch (error) {
    if (error instanceof LighthouseError && error.code === "host-busy") return false;
    throw error;
  }
}
