// The host: stays connected to the relay, stays registered, and answers offers.
//
// A link is one connection to the relay. Links follow each other: when one is lost, and before the
// gateway's limit of 2 hours ends it. In that case the old one stays until the new one is online and
// the offers that were sent to it have had time to arrive.
import { once } from "node:events";
import { setTimeout as sleep } from "node:timers/promises";
import { backoff, LighthouseError } from "../wire/mod.ts";
import type { FolderAccessList } from "./access/access_list.ts";
import { Gate } from "./access/gate.ts";
import type { Identity } from "./access/host_key.ts";
import type { HostConfig } from "./config/config.ts";
import type { Metrics } from "./control/metrics.ts";
import { Exchanges } from "./inspector/exchanges.ts";
import { startInspector } from "./inspector/server.ts";
import { endPeers } from "./peers/peer.ts";
import { Peers } from "./peers/peers.ts";
import type { Log } from "./platform/log.ts";
import { watchNetwork } from "./platform/network_monitor.ts";
import type { ServiceHandler } from "./proxy/service.ts";
import { Services } from "./proxy/services.ts";
import { Sockets } from "./proxy/websocket.ts";
import { deliver } from "./signalling/deliver.ts";
import { keepRegistered } from "./signalling/registrar.ts";
import type { Registration } from "./signalling/registration.ts";
import type { Registry } from "./signalling/registry.ts";
import { isAnswered, RelaySocket } from "./signalling/relay_socket.ts";
import type { RelayUsage } from "./signalling/usage.ts";

/** Options of {@linkcode runHost}. */
export interface HostOptions {
  registry: Registry;
  /** Dispatches `change` with a {@linkcode ConfigChange}, for what is to be otherwise from then on. */
  changes?: EventTarget;
  /** The host's key. */
  identity: Identity;
  /** Who is invited. */
  accessList: FolderAccessList;
  log: Log;
  /** Stops the host. */
  signal: AbortSignal;
  /** Counts requests, and writes them down. */
  metrics?: Metrics;
  /** Counts what the relay costs. */
  usage?: RelayUsage;
  /** Called with the address of the inspector's page, a secret, where there is to be one. */
  onInspector?: (url: string) => void;
  /** Times to change in tests. */
  timing?: Partial<HostTiming>;
}

/** Settings that have changed while the host runs. */
export interface ConfigChange {
  /** All of them; `inspect` stays as it was at the start. */
  config: HostConfig;
  /** Where the bridge is another one: its registry. */
  registry?: Registry;
}

/** Times, in milliseconds. */
export interface HostTiming {
  /** Between checks of the registration. @default 240_000, which registrar.ts sets */
  checkInterval: number;
  /** Life of a link: the gateway ends connections after 2 hours. @default 6_600_000 */
  linkLife: number;
  /** How long a link that has been followed by another still takes offers. @default 60_000 */
  grace: number;
}

const LINK_LIFE = 6_600_000;
const GRACE = 60_000;

/**
 * Waits between attempts to reach the relay, in milliseconds: where it has answered that it will not,
 * and where there is no network, so that it costs nobody anything.
 */
const REFUSED = { first: 500, longest: 30_000 };
const NO_NETWORK = { first: 500, longest: 2_000 };

/** Devices that are connected are noted as seen this often, in milliseconds. */
const SEEN_INTERVAL = 60_000;

/**
 * Runs the host until the signal is aborted.
 *
 * @throws {LighthouseError} `replaced` when another host has registered itself with the relay;
 * `bad-config` where the inspector's port is in use.
 */
export async function runHost(first: HostConfig, options: HostOptions): Promise<void> {
  const { identity, accessList, log, signal, usage, timing = {} } = options;
  let { registry } = options;
  let config = first;
  // What is in them changes with the settings, for whoever is connected, too.
  const publicPrefixes = [...config.public];
  const ice = { ...config.ice };
  const { checkInterval, linkLife = LINK_LIFE, grace = GRACE } = timing;
  const services = Services.start(config.services);
  await using inspection = await inspect(config, services, options.onInspector);
  const { metrics } = options;
  const handler = inspection?.handler ?? services.handler;
  const sockets = new Sockets(services);
  const gate = new Gate({ identity, accessList: accessList, public: publicPrefixes, log });
  const peers = new Peers({
    gate,
    handler: metrics?.watch(handler) ?? handler,
    onWebSocket: (request, stream, principal) => {
      metrics?.sawWebSocket(request.target, principal);
      return sockets.serve(request, stream, principal);
    },
    ice,
    onSeen: ({ id }) => accessList.touch(id),
    log,
  });
  if (metrics) metrics.underWay = () => peers.streams;
  accessList.onRevoked = ({ id, name }) => {
    log("info", "device-revoked", `“${name}” is revoked, and out`, { device: id });
    peers.evict(id, new LighthouseError("device-revoked", "The host's owner revoked this device"));
  };
  accessList.onPaired = ({ id, name, origin }) => {
    log("info", "device-paired", `paired with “${name}” on ${origin}`, { device: id, origin });
  };
  const seen = setInterval(() => {
    for (const { id } of peers.principals) accessList.touch(id);
  }, SEEN_INTERVAL);
  const wake = new EventTarget();
  /** Ends a pause or an attempt, for another one now. */
  let nudge = new AbortController();
  const rouse = () => {
    wake.dispatchEvent(new Event("wake"));
    failures = 0;
    nudge.abort();
    nudge = new AbortController();
  };
  using _surroundings = watchNetwork({
    onJump: rouse,
    onNetwork(addresses) {
      log("info", "network-changed", "this machine's addresses have changed");
      const { localAddress } = newest ?? {};
      const isGone = localAddress !== undefined && !isLoopback(localAddress) &&
        !addresses.has(localAddress);
      if (isGone) wake.dispatchEvent(new Event("move"));
      rouse();
    },
  });
  const take = (event: Event) => {
    const { detail } = event as CustomEvent<ConfigChange>;
    config = detail.config;
    services.replace(config.services);
    publicPrefixes.splice(0, Infinity, ...config.public);
    ice.iceServers = config.ice.iceServers;
    if (!detail.registry) return;
    registry = detail.registry;
    // Its owner has just said so.
    wasRegistered = false;
    wake.dispatchEvent(new Event("move"));
    rouse();
  };
  options.changes?.addEventListener("change", take);

  const mine = new Set<string>();
  const links = new Set<RelaySocket>();
  let newest: RelaySocket | undefined;
  let shown: Registration | undefined;
  let wasRegistered = false;
  let failures = 0;

  try {
    while (!signal.aborted) {
      let link: RelaySocket;
      try {
        const { host } = config.s3 ?? {};
        const ending = AbortSignal.any([signal, nudge.signal]);
        link = await RelaySocket.open(config.relay, ending, { usage, host });
      } catch (error) {
        if (signal.aborted) break;
        const ms = backoff(++failures, isAnswered(error as Error) ? REFUSED : NO_NETWORK);
        log("warn", "relay-unreachable", `${(error as Error).message}; again in ${seconds(ms)}`);
        await pause(ms);
        continue;
      }
      // The signal stays with the link for its life: what has been opened is not to be given up.
      nudge = new AbortController();
      links.add(newest = link);
      link.closed.then(() => links.delete(link));
      link.listeners.add((message) => {
        if (message.kind === "signal" && message.from) answer(link, message.from, message.data);
      });
      const isLost = await follow(link);
      if (isLost) await pause(backoff(++failures, REFUSED));
    }
  } catch (error) {
    if (!signal.aborted) throw error;
  } finally {
    options.changes?.removeEventListener("change", take);
    clearInterval(seen);
    accessList.onRevoked = accessList.onPaired = () => {};
    for (const link of links) link.close();
    // Pages' sessions end when their streams do: a WebSocket has no end of its own.
    await Promise.all([sockets.close(), peers.close()]);
    await services.close();
    endPeers();
  }

  /** Waits, but no longer than until there is something new. */
  async function pause(ms: number): Promise<void> {
    const { signal: nudged } = nudge;
    const ending = AbortSignal.any([signal, nudged]);
    await sleep(ms, undefined, { signal: ending }).catch((error) => {
      if (!nudged.aborted) throw error;
    });
  }

  /**
   * Registers a link and stays with it until it is lost, or old enough to be followed by another.
   *
   * @returns Whether it was lost.
   */
  async function follow(link: RelaySocket): Promise<boolean> {
    const older = [...links].filter((other) => other !== link);
    const end = new AbortController();
    const ending = AbortSignal.any([signal, end.signal]);
    const registered = keepRegistered(link, registry, {
      mine,
      takesOver: !wasRegistered,
      checkInterval,
      wake,
      signal: ending,
      onChange: (state) => changed(state, older),
    });
    mine.add(link.connectionId);
    const lost = link.closed.then((reason) => ({ lost: reason }));
    const old = sleep(linkLife, "old" as const, { signal: ending });
    const moved = once(wake, "move", { signal: ending }).then(() => "moved" as const);
    try {
      const outcome = await Promise.race([registered, lost, old, moved]);
      if (outcome === "old") {
        log("info", "rotating", "connecting anew before the gateway's two hours are over");
        return false;
      } else if (outcome === "moved") {
        return false;
      } else if (outcome) {
        log(
          "warn",
          "relay-lost",
          `the relay closed the connection (${outcome.lost}); connecting again`,
        );
        return true;
      } else {
        throw new LighthouseError(
          "replaced",
          `Another host has registered itself with this relay (${registry.name}), so this one ends. ` +
            "Stop the other, then start this one again",
        );
      }
    } finally {
      end.abort();
      await Promise.allSettled([registered, old, moved]);
    }
  }

  function changed(state: Registration, older: RelaySocket[]): void {
    const { phase, trouble } = state;
    if (trouble && trouble !== shown?.trouble) {
      log("warn", "registration-failed", `not registered yet: ${trouble}; trying again`);
    }
    if (phase === "writing" && shown?.phase !== "writing") {
      log("info", "registering", `registering with ${registry.name} …`);
    }
    if (phase === "online" && shown?.phase !== "online") {
      wasRegistered = true;
      failures = 0;
      log("info", "online", `online: ${registry.name} knows this host`, {
        connectionId: state.own,
      });
      for (const link of older) setTimeout(() => link.close(), grace).unref();
    }
    shown = state;
  }

  async function answer(link: RelaySocket, from: string, data: unknown): Promise<void> {
    const reply = await peers.answer(data);
    if (reply) await deliver(reply, from, link, links);
  }
}

/** The services' handler, whose requests the inspector shows, where there is to be one. */
async function inspect(
  { inspect: port }: HostConfig,
  { handler }: Services,
  onInspector: HostOptions["onInspector"],
): Promise<{ handler: ServiceHandler } & AsyncDisposable | undefined> {
  if (port === undefined) return undefined;
  const exchanges = new Exchanges();
  const inspector = await startInspector({ exchanges, handler, port });
  onInspector?.(inspector.url);
  return {
    handler: exchanges.watch(handler),
    [Symbol.asyncDispose]: () => inspector[Symbol.asyncDispose](),
  };
}

function isLoopback(address: string): boolean {
  return address === "::1" || /^(?:::ffff:)?127\./.test(address);
}

function seconds(ms: number): string {
  return `${(ms / 1000).toFixed(1)} s`;
}
