// Puts `lighthouse-host dev` together: relay, page and host in one process, each the real one but for the
// relay's server.
import { hostname, networkInterfaces } from "node:os";
import { join } from "node:path";
import process from "node:process";
import { toBase64url } from "../../wire/mod.ts";
import { Admissions } from "../access/admission.ts";
import { FolderAccessList } from "../access/access_list.ts";
import { type Identity, readIdentity } from "../access/host_key.ts";
import { type Invitation, invite } from "../access/invitation.ts";
import { cancelPairing, type Pairing, pairingsFolder, usedBy } from "../access/pairings.ts";
import { parseConfig, toSettings } from "../config/config.ts";
import { formatSetting } from "../config/service_config.ts";
import { badSetting } from "../config/setting_parsers.ts";
import { lookAt } from "../control/look.ts";
import { Metrics } from "../control/metrics.ts";
import { Monitor } from "../control/monitor.ts";
import { serveControl } from "../control/server.ts";
import type { HostPeers } from "../daemon.ts";
import type { ReadyDev } from "../dev/announcement.ts";
import { isLoopback, lanAddresses } from "../dev/addresses.ts";
import { lanCertificate } from "../dev/certificate.ts";
import type { DevOptions } from "../dev/options.ts";
import { DevPages } from "../dev/pages.ts";
import { DevRelay } from "../dev/relay.ts";
import { RequestLog, type RequestRecord } from "../dev/request_line.ts";
import { type DevServer, startDevServer } from "../dev/server.ts";
import type { ExchangeEvent } from "../inspector/exchanges.ts";
import { cutLongLines } from "../platform/bounded_log.ts";
import type { Log } from "../platform/log.ts";
import { CookieFolder } from "../proxy/cookie_folder.ts";
import { toJson } from "./devices.ts";
import manifest from "../../package.json" with { type: "json" };

/** Options of {@linkcode runDev}. */
export interface RunDevOptions extends DevOptions {
  /** The state folder. Each port has a folder of its own in `dev/` there. */
  state: string;
  log: Log;
  onRequest: (record: RequestRecord) => void;
  /** Called when the host is online, once. Keys may be taken until the result is disposed of. */
  onReady: (dev: ReadyDev) => Promise<Disposable | undefined>;
  /** Ends it. */
  signal: AbortSignal;
}

/**
 * Runs until the signal is aborted.
 *
 * @throws {LighthouseError} `bad-config`.
 */
export async function runDev(options: RunDevOptions): Promise<void> {
  const { services, pages, ports, isLan, state: root, signal } = options;
  const folder = join(root, "dev");
  const lan = isLan ? await lanOf(folder) : undefined;
  // All are asked only when the server runs.
  using relay = new DevRelay({
    origins: () => [...server.origins, ...pages.map(({ origin }) => origin)],
  });
  const site: DevPages = new DevPages({
    attributes: (origin) => attributes(origin),
    service: options.shown?.prefix ?? null,
    name: options.name,
    authority: lan?.certificate.authority,
  });
  await using server: DevServer = await startDevServer({
    ports,
    lan,
    answer: (request) => site.answer(request),
    accept: (...handshake) => relay.accept(...handshake),
  });
  const state = join(folder, String(server.port));
  const identity: Identity = await readIdentity(state);
  const attributes = (origin: string) => ({
    "relay": relayOf(origin, server),
    "host-key": toBase64url(identity.publicKey),
    "stun": "none",
  });
  const config = parseConfig({
    relay: `ws://127.0.0.1:${server.port}/`,
    service: services.map(formatSetting),
    stun: "none",
    "port-mapping": "off",
    inspect: String(options.inspect),
  });
  const { runHost } = await import("../daemon.ts");
  const admissions = await Admissions.open({ state });
  const monitor = new Monitor();
  const log = cutLongLines(monitor.watch(monitor.keep(options.log)));
  using accessList = FolderAccessList.open(state, log);
  await using cookies = CookieFolder.open(state, { devices: () => accessList.active, log });
  const metrics = new Metrics(
    log,
    () => ({ standing: monitor.standing, devices: accessList.active.length }),
    () => false,
  );
  const started = new Date().toISOString();
  let peers: HostPeers | undefined;
  await using _control = await serveControl({
    state,
    monitor,
    metrics,
    devices: () => accessList.active.map(toJson),
    settings: () => toSettings(config),
    connections: () => peers?.pages ?? [],
    ping: async (device) => await peers?.ping(device),
    describe: async () => ({
      version: manifest.version,
      pid: process.pid,
      started,
      relay: config.relay.href,
      registry: relay.registry.name,
      services: await lookAt(config.services),
      public: [],
      devices: accessList.active.length,
      requests: { answered: metrics.answered, underWay: metrics.underWay() },
      connections: peers?.pages ?? [],
    }),
  });
  const invitations = new Invitations(pairingsFolder(state), identity, admissions);
  await using _invitations = invitations;
  let inspector = "";
  const online = Promise.withResolvers<void>();
  monitor.addEventListener("line", (event) => {
    if ((event as CustomEvent<{ event: string }>).detail.event === "online") online.resolve();
  });
  const seen = lookAt(config.services);
  log("info", "starting", `connecting to ${config.relay.host}`);
  const running = runHost({
    settings: () => config,
    registry: () => relay.registry,
    identity,
    accessList,
    admissions,
    cookies,
    metrics,
    onPeers: (all) => peers = all,
    log,
    signal,
    onInspector(url, exchanges) {
      inspector = url;
      const requests = new RequestLog();
      exchanges.addEventListener("exchange", (event) => {
        const record = requests.take((event as ExchangeEvent).exchange);
        if (record) options.onRequest(record);
      });
    },
  });
  await Promise.race([online.promise, running]);
  using _keys = signal.aborted ? undefined : await options.onReady({
    server,
    state,
    attributes,
    inspector,
    seen: await seen,
    invite: (page) => invitations.add(page),
  });
  await running;
}

/** The pairing links of this run, which end with it. */
class Invitations implements AsyncDisposable {
  readonly #folder: string;
  readonly #identity: Identity;
  readonly #admissions: Admissions;
  readonly #open: Pairing[] = [];

  constructor(folder: string, identity: Identity, admissions: Admissions) {
    this.#folder = folder;
    this.#identity = identity;
    this.#admissions = admissions;
  }

  async add(page: URL): Promise<Invitation> {
    const admissions = this.#admissions;
    const invitation = await invite(this.#folder, this.#identity, page, { admissions });
    this.#open.push(invitation.pairing);
    return invitation;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const pairing of this.#open) {
      if (usedBy(this.#folder, pairing.id) === undefined) {
        await cancelPairing(this.#folder, pairing);
      }
    }
  }
}

/** @throws {LighthouseError} If this machine is in no network. */
async function lanOf(folder: string) {
  const addresses = lanAddresses(networkInterfaces());
  if (addresses.length === 0) {
    throw badSetting("--lan finds no network: this machine has no IPv4 address but its own");
  }
  const machine = hostname().replace(/\..*/s, "").replaceAll(/[^a-z\d-]/gi, "").toLowerCase();
  // The name by which phones find it, where it answers to multicast DNS.
  const names = machine ? [`${machine}.local`] : [];
  const certificate = await lanCertificate({
    folder,
    names: [...addresses, ...names],
    machine: machine || "this machine",
  });
  return { addresses, names, certificate };
}

/** The relay's address for a page: on the port that the page has, so that one exception is enough. */
function relayOf(origin: string, { origin: own, origins, lanOrigins }: DevServer): string {
  const ofOthers = isLoopback(new URL(origin)) ? own : lanOrigins[0] ?? own;
  const at = origins.includes(origin) ? origin : ofOthers;
  return `${at.replace(/^http/, "ws")}/`;
}
