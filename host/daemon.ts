// The host: puts its parts together, and runs them until it is stopped.
import { LighthouseError, OPEN } from "../wire/mod.ts";
import type { Admissions } from "./access/admission.ts";
import type { FolderAccessList } from "./access/access_list.ts";
import { Gate } from "./access/gate.ts";
import type { Identity } from "./access/host_key.ts";
import { Memory } from "./access/memory.ts";
import type { HostConfig } from "./config/config.ts";
import type { Metrics } from "./control/metrics.ts";
import { Networks } from "./doctor/networks.ts";
import { OwnNetwork } from "./doctor/own_network.ts";
import { IceServers } from "./ice/ice_servers.ts";
import { TurnPorts } from "./ice/turn_ports.ts";
import { type Exchange, Exchanges } from "./inspector/exchanges.ts";
import { startInspector } from "./inspector/server.ts";
import { MappedPorts, reportPort } from "./mapping/mod.ts";
import { endPeers, icePasswordOf } from "./peers/peer.ts";
import { Peers } from "./peers/peers.ts";
import type { Claim } from "./peers/sessions.ts";
import type { Log } from "./platform/log.ts";
import { watchNetwork } from "./platform/network_monitor.ts";
import type { CookieFolder } from "./proxy/cookie_folder.ts";
import { Services } from "./proxy/services.ts";
import { QuicServer } from "./quic/quic_server.ts";
import { Sockets } from "./proxy/websocket.ts";
import type { Registry } from "./signalling/registry.ts";
import type { RelayBudget } from "./signalling/relay_budget.ts";
import { Supervisor, type SupervisorTiming } from "./signalling/supervisor.ts";
import type { RelayUsage } from "./signalling/usage.ts";

/** Options of {@linkcode runHost}. */
export interface HostOptions {
  /** The settings now, which the host's parts read when they need them. `inspect` is read once. */
  settings: () => HostConfig;
  /** The registry now: another object when the settings name another relay. */
  registry: () => Registry;
  /** Dispatches `change` after settings or registry have changed. */
  changes?: EventTarget;
  /** The host's key. */
  identity: Identity;
  /** The devices and pairings. */
  accessList: FolderAccessList;
  /** The admission key. @default the registered one stays, and devices get no values */
  admissions?: Admissions;
  /** Keeps the devices' cookies. @default each service keeps its own in memory */
  cookies?: CookieFolder;
  log: Log;
  /** Stops the host. */
  signal: AbortSignal;
  /** Counts requests, and logs them. */
  metrics?: Metrics;
  /** Counts what the relay costs. */
  usage?: RelayUsage;
  /** Bounds what sessions through the relay cost. @default no bound */
  budget?: RelayBudget;
  /** Called once with what tells about the connected pages. */
  onPeers?: (peers: HostPeers) => void;
  /** Called with the address of the inspector's page, which is a secret, if there is an inspector. */
  onInspector?: (url: string, exchanges: Exchanges) => void;
  /** Called with what the host knows of its network and the pages'. */
  onNetworks?: (networks: Networks) => void;
  /** Times to change in tests. */
  timing?: Partial<SupervisorTiming>;
}

/** What tells about the connected pages. */
export type HostPeers = Pick<Peers, "pages" | "ping" | "relayed">;

/** Time between notes that a connected device is still there, in milliseconds. */
const SEEN_INTERVAL = 60_000;

/**
 * Runs the host until the signal is aborted.
 *
 * @throws {LighthouseError} `replaced` when another host has registered itself with the relay;
 * `bad-config` if the inspector's port is in use.
 */
export async function runHost(options: HostOptions): Promise<void> {
  const { settings, accessList, identity, changes, metrics } = options;
  await using ports = new MappedPorts({ isOn: () => settings().portMapping, log: options.log });
  const network: OwnNetwork = new OwnNetwork({
    settings,
    turnServers: () => iceServers.current,
    parts: () => ({ ...reportPort(ports.state), relay: peers.relayed?.state }),
  });
  const networks: Networks = new Networks(network, {
    port: () => ports.state,
    quic: () => quic.state,
  });
  const log = networks.watch(options.log);
  const memory = new Memory();
  const services = Services.start(settings().services, { cookies: options.cookies, memory });
  await using inspector = await inspect(settings().inspect, services, options.onInspector);
  const handler = inspector?.handler ?? services.handler;
  const sockets = new Sockets(services, { memory, watch: inspector?.watchSocket });
  const { admissions } = options;
  /** Devices that were sent a value, and have not connected with it yet. */
  const offered = new Set<string>();
  using iceServers = new IceServers({ log });
  using turnPorts = new TurnPorts({ log, passwordOf: icePasswordOf });
  const forHost = () => turnPorts.choose([...settings().ice.iceServers, ...iceServers.current]);
  // Connections need not wait for it. Choosing opens the ports.
  const takeIceServers = () => iceServers.take(settings().iceServers).then(forHost);
  void takeIceServers().then(() => network.look());
  const gate = new Gate({
    identity,
    accessList,
    settings,
    // A browser that shows a value to a relay of an earlier version does not connect.
    admission: async (id): Promise<string | undefined> => {
      const value = supervisor.knowsAdmissions ? await admissions?.value() : undefined;
      if (value) offered.add(id);
      return value;
    },
    report: (principal, sdp) => networks.report(principal, sdp),
    onReport: (principal, report) => networks.reports.note(principal, report),
    iceServers: () => iceServers.forPage,
    log,
  });
  await using quic: QuicServer<Claim> = new QuicServer({
    isOn: () => settings().quic,
    ports,
    onChannel: (channel, claim) => void peers.takeQuic(channel, claim),
    log,
  });
  const peers: Peers = new Peers({
    gate,
    handler: networks.serve(metrics?.watch(handler) ?? handler),
    onWebSocket: (request, stream, principal) => {
      metrics?.sawWebSocket(request.target, principal);
      return sockets.serve(request, stream, principal);
    },
    settings: () => ({ ice: { iceServers: forHost() }, earlyWait: settings().earlyWait }),
    hasCookies: (stranger) => services.hasCookies(stranger),
    relayed: {
      settings,
      budget: options.budget,
      send: (ct, to) => supervisor.forward(ct, to),
    },
    memory,
    ports,
    quic,
    onSeen: ({ id }) => {
      accessList.touch(id);
      if (!offered.delete(id)) return;
      accessList.admit(id);
      supervisor.wake({ type: "access" });
    },
    log,
  });
  if (metrics) metrics.underWay = () => peers.streams;
  options.onPeers?.(peers);
  options.onNetworks?.(networks);
  // Pages whose sessions go through the relay hear the goodbye before the host leaves the relay.
  const end = new AbortController();
  options.signal.addEventListener("abort", async () => {
    if (peers.relayed?.count) await Promise.all([sockets.close(), peers.close()]);
    end.abort();
  }, { once: true });
  if (options.signal.aborted) end.abort();
  const supervisor: Supervisor = new Supervisor({
    ...options,
    signal: end.signal,
    answer: (data, from) => peers.answer(data, from),
    relayed: peers.relayed,
    admissions: admissions && {
      value: () => admissions.value(),
      registered: async () => {
        const { devices, pairings } = accessList;
        try {
          return await admissions.registered({ devices, pairings, public: settings().public });
        } catch (error) {
          if (error instanceof LighthouseError) throw error;
          // Such as a full disk. The next check tries again.
          const text = `the relay stays open, since its key cannot be written: ${error}`;
          log("warn", "admission-failed", text);
          return OPEN;
        }
      },
    },
  });

  using _access = followAccess(options, peers, services, networks);
  using _network = watchNetwork({
    onJump: () => {
      supervisor.wake({ type: "slept" });
      ports.wake();
    },
    onNetwork: (addresses) => {
      log("info", "network-changed", "this machine's addresses have changed");
      void network.look();
      ports.wake();
      supervisor.wake({ type: "network", addresses });
    },
  });
  const take = () => {
    services.replace(settings().services);
    void takeIceServers().then(() => network.look());
    ports.wake();
    quic.check();
    peers.relayed?.check();
    supervisor.wake({ type: "settings" });
  };
  changes?.addEventListener("change", take);
  try {
    await supervisor.run();
  } finally {
    changes?.removeEventListener("change", take);
    // Pages' sessions end when their streams do: a WebSocket has no end of its own.
    await Promise.all([sockets.close(), peers.close()]);
    await services.close();
    endPeers();
  }
}

/** Evicts devices that are revoked, with what they left, and notes which ones are connected. */
function followAccess(
  { accessList, cookies, log }: HostOptions,
  peers: Peers,
  services: Services,
  { reports }: Networks,
): Disposable {
  accessList.onRevoked = ({ id, name }) => {
    log("info", "device-revoked", `“${name}” is revoked, and out`, { device: id });
    peers.evict(id, new LighthouseError("device-revoked", "The host's owner revoked this device"));
    services.forget(id);
    reports.forget(id);
    cookies?.forget(id).catch(({ message }) => {
      log("warn", "cookies-not-deleted", `cannot delete the cookies of “${name}”: ${message}`);
    });
  };
  accessList.onPaired = ({ id, name, origin }) => {
    log("info", "device-paired", `paired with “${name}” on ${origin}`, { device: id, origin });
  };
  const timer = setInterval(() => {
    for (const { id } of peers.principals) accessList.touch(id);
  }, SEEN_INTERVAL);
  return {
    [Symbol.dispose]() {
      clearInterval(timer);
      accessList.onRevoked = accessList.onPaired = () => {};
    },
  };
}

/** Starts the inspector, if it has a port. Its handler passes requests on to the services. */
async function inspect(
  port: number | undefined,
  services: Services,
  onInspector: HostOptions["onInspector"],
) {
  if (port === undefined) return undefined;
  const exchanges = new Exchanges();
  const { handler } = services;
  const sentOf = (exchange: Exchange) => {
    const upstream = services.find(exchange.target)?.upstream;
    if (!upstream) return undefined;
    const { backend, config: { socketPath, tls } } = upstream;
    const { url, headers } = backend.upstreamRequest(exchange, exchange.principal);
    return { url, headers, socketPath, insecure: tls?.insecure };
  };
  const inspector = await startInspector({ exchanges, handler, sentOf, port });
  onInspector?.(inspector.url, exchanges);
  return {
    handler: exchanges.watch(handler),
    watchSocket: exchanges.watchSocket.bind(exchanges),
    [Symbol.asyncDispose]: () => inspector[Symbol.asyncDispose](),
  };
}
