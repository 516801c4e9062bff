// The host: stays connected to the relay, stays registered, and answers offers.
//
// A link is one connection to the relay. Links follow each other: when one is lost, and before the
// gateway's limit of 2 hours ends it. In that case the old one stays until the new one is online and
// the offers that were sent to it have had time to arrive.
import { setTimeout as sleep } from "node:timers/promises";
import { backoff, LighthouseError } from "../wire/mod.ts";
import type { HostConfig } from "./config.ts";
import { deliver } from "./deliver.ts";
import { forwardTo } from "./forward.ts";
import type { Log } from "./log.ts";
import { endPeers } from "./peer.ts";
import { Peers } from "./peers.ts";
import { keepRegistered } from "./registrar.ts";
import type { Registration } from "./registration.ts";
import type { Registry } from "./registry.ts";
import { RelaySocket } from "./relay_socket.ts";

/** Options of {@linkcode runHost}. */
export interface HostOptions {
  registry: Registry;
  log: Log;
  /** Stops the host. */
  signal: AbortSignal;
  /** Times to change in tests. */
  timing?: Partial<HostTiming>;
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

/** Waits between attempts to reach the relay, in milliseconds. */
const RECONNECT = { first: 500, longest: 30_000 };

/** The clock is looked at this often; a jump beyond the slack means that the machine slept, in ms. */
const CLOCK_INTERVAL = 2_000;
const CLOCK_SLACK = 5_000;

/**
 * Runs the host until the signal is aborted.
 *
 * @throws {LighthouseError} `replaced` when another host has registered itself with the relay.
 */
export async function runHost(config: HostConfig, options: HostOptions): Promise<void> {
  const { registry, log, signal, timing = {} } = options;
  const { checkInterval, linkLife = LINK_LIFE, grace = GRACE } = timing;
  const forwarder = forwardTo(config.backend);
  const peers = new Peers({ handler: forwarder.handler, stun: config.stun, log });
  const wake = new EventTarget();
  const clock = watchClock(() => wake.dispatchEvent(new Event("wake")));

  const mine = new Set<string>();
  const links = new Set<RelaySocket>();
  let shown: Registration | undefined;
  let wasRegistered = false;
  let failures = 0;

  try {
    while (!signal.aborted) {
      let link: RelaySocket;
      try {
        link = await RelaySocket.open(config.relay, signal);
      } catch (error) {
        if (signal.aborted) break;
        const ms = backoff(++failures, RECONNECT);
        log("warn", "relay-unreachable", `${(error as Error).message}; again in ${seconds(ms)}`);
        await sleep(ms, undefined, { signal });
        continue;
      }
      links.add(link);
      link.closed.then(() => links.delete(link));
      link.listeners.add((message) => {
        if (message.kind === "signal" && message.from) answer(link, message.from, message.data);
      });
      const isLost = await follow(link);
      if (isLost) await sleep(backoff(++failures, RECONNECT), undefined, { signal });
    }
  } catch (error) {
    if (!signal.aborted) throw error;
  } finally {
    clearInterval(clock);
    for (const link of links) link.close();
    await peers.close();
    await forwarder.close();
    endPeers();
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
    try {
      const outcome = await Promise.race([registered, lost, old]);
      if (outcome === "old") {
        log("info", "rotating", "connecting anew before the gateway's two hours are over");
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
      await Promise.allSettled([registered, old]);
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
    const others = [...links].filter((other) => other !== link);
    if (reply) await deliver(reply, from, links.has(link) ? [link, ...others] : others);
  }
}

/** Calls back whenever the clock has jumped, as it does when a laptop wakes up. */
function watchClock(onJump: () => void): NodeJS.Timeout {
  let last = Date.now();
  return setInterval(() => {
    const now = Date.now();
    if (Math.abs(now - last - CLOCK_INTERVAL) > CLOCK_SLACK) onJump();
    last = now;
  }, CLOCK_INTERVAL);
}

function seconds(ms: number): string {
  return `${(ms / 1000).toFixed(1)} s`;
}
