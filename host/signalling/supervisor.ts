// Keeps the host connected to the relay and registered: carries out the effects of supervision.ts.
//
// Connections follow each other: when one is lost, and before the gateway ends it after 2 hours. In the
// second case, the old one stays until the new one is online, and offers to the old one have had time to
// arrive.
import { setTimeout as sleep } from "node:timers/promises";
import { backoff, LighthouseError, type Signal } from "../../wire/mod.ts";
import type { BridgeConfig } from "../config/config.ts";
import type { Log } from "../platform/log.ts";
import { deliver } from "./deliver.ts";
import { Forwarder, type RelayedEvents } from "./forwarder.ts";
import { keepRegistered } from "./registrar.ts";
import { Outage } from "./outage.ts";
import type { Registration } from "./registration.ts";
import type { Registry } from "./registry.ts";
import { isAnswered, isRefused } from "./relay_errors.ts";
import { RelaySocket } from "./relay_socket.ts";
import {
  startSupervision,
  stepSupervision,
  type SupervisionEffect,
  type SupervisionEvent,
} from "./supervision.ts";
import type { RelayUsage } from "./usage.ts";

/** The host's admissions, as the relay and the registry take them. */
export interface HostAdmissions {
  /** The value to show to the relay; undefined if there is no key yet. */
  value: () => Promise<string> | undefined;
  /** What the registry is to hold: the key, which it makes if there is none, or `open`. */
  registered: () => Promise<string>;
}

/** Options of {@linkcode Supervisor}. */
export interface SupervisorOptions {
  /** The host's settings now, and the registry that they name. */
  settings: () => BridgeConfig;
  registry: () => Registry;
  /** Answers a page's signal; undefined for no answer. @param from The page's connection. */
  answer: (data: unknown, from: string) => Promise<Signal | undefined>;
  /** Takes what concerns sessions through the relay. @default none go there */
  relayed?: RelayedEvents;
  /** @default the registered admission key stays */
  admissions?: HostAdmissions;
  log: Log;
  /** Ends the supervision. */
  signal: AbortSignal;
  /** Counts the connections' cost. */
  usage?: RelayUsage;
  /** Replaces the default times, for tests. */
  timing?: Partial<SupervisorTiming>;
}

/** Times, in milliseconds. */
export interface SupervisorTiming {
  /** Between checks of the registration. @default 240_000, which registrar.ts sets */
  checkInterval: number;
  /** Life of a connection: the gateway ends it after 2 hours. @default 6_600_000 */
  connectionLife: number;
  /** How long a connection still takes offers after another has followed it. @default 60_000 */
  grace: number;
}

/** The reason to check the connection now. */
export type WakeReason =
  /** The machine has slept, or its clock was set. */
  | { type: "slept" }
  /** The machine's addresses have changed to these, which do not include loopback's. */
  | { type: "network"; addresses: ReadonlySet<string> }
  /** The settings have changed. */
  | { type: "settings" }
  /** The devices or pairings have changed. */
  | { type: "access" };

type Pause = Extract<SupervisionEffect, { do: "pause" }>;

const CONNECTION_LIFE = 6_600_000;
const GRACE = 60_000;

/** Keeps one connection to the relay. */
export class Supervisor {
  readonly #options: SupervisorOptions;
  /** The open connections, the newest last. */
  readonly #connections = new Set<RelaySocket>();
  #newest: RelaySocket | undefined;
  readonly #forwarder: Forwarder;
  /** Ids of all connections so far. */
  readonly #mine = new Set<string>();
  #registry: Registry;
  #state = startSupervision()[0];
  /** The registration's state that was logged last. */
  #told: Registration | undefined;
  /** The time without the relay, from the first failed attempt until the host is online. */
  #outage: Outage | undefined;
  /** Ends the present effect: an attempt, a pause, or following a connection. */
  #underWay = new AbortController();
  /** Resolves when that effect, and all before it, have ended. */
  #idle: Promise<void> = Promise.resolve();
  /** Dispatches `wake`, for a check of the registration now, and `look`, for one of the admission key. */
  readonly #checks = new EventTarget();
  readonly #ended = Promise.withResolvers<void>();

  constructor(options: SupervisorOptions) {
    this.#options = options;
    this.#registry = options.registry();
    this.#forwarder = new Forwarder(this.#connections, options.relayed);
  }

  /**
   * Keeps the host connected until the signal is aborted. Call it once.
   *
   * @throws {LighthouseError} `replaced` when another host has registered itself with the relay.
   */
  async run(): Promise<void> {
    const { signal } = this.#options;
    const { promise, resolve } = this.#ended;
    signal.addEventListener("abort", () => {
      this.#underWay.abort();
      resolve();
    });
    if (signal.aborted) return;
    this.#perform({ do: "open" });
    try {
      await promise;
    } finally {
      this.#underWay.abort();
      await this.#idle;
      for (const connection of this.#connections) connection.close();
    }
  }

  /** Whether the relay knows admissions, so that devices may show values. */
  get knowsAdmissions(): boolean {
    return this.#newest?.knowsAdmissions ?? false;
  }

  /** Sends a message of a session through the relay. It may be lost. @param to The page's connection. */
  forward(ct: string, to: string): void {
    this.#forwarder.send(ct, to);
  }

  /** Checks the connection now, and tries again at once if there is none. */
  wake(reason: WakeReason): void {
    if (this.#options.signal.aborted) return;
    if (reason.type === "slept") {
      this.#take({ type: "nudged" });
    } else if (reason.type === "network") {
      const isGone = hasGone(this.#newest?.localAddress, reason.addresses);
      this.#take(isGone ? { type: "moved", isAnotherRelay: false } : { type: "nudged" });
    } else {
      const registry = this.#options.registry();
      // There may be another admission key to register.
      if (registry === this.#registry) return void this.#checks.dispatchEvent(new Event("look"));
      this.#registry = registry;
      this.#take({ type: "moved", isAnotherRelay: true });
    }
  }

  #take(event: SupervisionEvent): void {
    const [state, effect] = stepSupervision(this.#state, event);
    this.#state = state;
    this.#perform(effect);
  }

  #perform(effect: SupervisionEffect): void {
    switch (effect.do) {
      case "open":
        return this.#start((signal) => this.#open(signal));
      case "pause":
        return this.#start((signal) => this.#pause(effect, signal));
      case "follow":
        return this.#start((signal) => this.#follow(this.#newest!, effect.takesOver, signal));
      case "retire":
        return this.#retire();
      case "check":
        return void this.#checks.dispatchEvent(new Event("wake"));
      case "stop":
        return this.#ended.reject(replacedAt(this.#registry));
      case "nothing":
        return;
    }
  }

  /** Starts work that ends in an event, once the work before it has ended. */
  #start(work: (signal: AbortSignal) => Promise<SupervisionEvent>): void {
    this.#underWay.abort();
    const own = this.#underWay = new AbortController();
    const before = this.#idle;
    const run = async () => {
      await before;
      if (own.signal.aborted) return;
      try {
        const event = await work(own.signal);
        if (own.signal.aborted) return;
        // An open connection keeps this signal, so it must not be aborted any more.
        this.#underWay = new AbortController();
        this.#take(event);
      } catch (error) {
        if (!own.signal.aborted) this.#ended.reject(error);
      }
    };
    this.#idle = run();
  }

  async #open(signal: AbortSignal): Promise<SupervisionEvent> {
    const { settings, usage, signal: stop, answer, admissions } = this.#options;
    const { relay, registry: { host } } = settings();
    const connections = this.#connections;
    const ending = AbortSignal.any([stop, signal]);
    try {
      const proof = await this.#registry.prove?.();
      const admission = proof ? undefined : await admissions?.value();
      const connection = await RelaySocket.open(relay, ending, { usage, host, admission, proof });
      connections.add(this.#newest = connection);
      connection.closed.then(() => connections.delete(connection));
      connection.listeners.add(async (message) => {
        if (this.#forwarder.receive(message, connection)) return;
        if (message.kind !== "signal" || !message.from) return;
        const reply = await answer(message.data, message.from);
        if (reply) await deliver(reply, message.from, connection, connections);
      });
      return { type: "opened" };
    } catch (error) {
      const failed = (why: unknown): SupervisionEvent => {
        const { message } = why as Error;
        return { type: "failed", isAnswered: isAnswered(error as Error), message };
      };
      if (!isRefused(error as Error) || this.#registry.prove) return failed(error);
      return await this.#introduce(ending)
        .then(
          (isDisplaced) => isDisplaced ? { type: "displaced" } as const : failed(error),
          failed,
        );
    }
  }

  /**
   * After a refusal: writes this host's admission key into the registry, unless it is there and the relay's
   * instances only do not know it yet.
   *
   * @returns Whether another host has taken this one's place since it was registered.
   * @throws {RegistryError}
   */
  async #introduce(signal: AbortSignal): Promise<boolean> {
    const key = await this.#options.admissions?.registered();
    const { connectionId, admission, replace } = await this.#registry.read(signal);
    if (key === undefined || key === admission) return false;
    const isOther = connectionId !== undefined && !this.#mine.has(connectionId);
    if (isOther && !this.#state.takesOver) return true;
    await replace(undefined, signal, key);
    return false;
  }

  async #pause(effect: Pause, signal: AbortSignal): Promise<SupervisionEvent> {
    const { trouble } = effect;
    const ms = backoff(effect.failures, effect);
    const again = `again in ${(ms / 1000).toFixed(1)} s`;
    if (trouble) {
      const { log } = this.#options;
      const now = Date.now();
      const told = (this.#outage ??= new Outage(now)).failed(trouble, again, now);
      if (told) log("warn", "relay-unreachable", told);
      else log("debug", "relay-still-unreachable", `${trouble}; ${again}`);
    }
    return await sleep(ms, { type: "paused" }, { signal });
  }

  /** Keeps a connection registered until it is lost or aged, or the host is replaced. */
  async #follow(
    connection: RelaySocket,
    takesOver: boolean,
    signal: AbortSignal,
  ): Promise<SupervisionEvent> {
    const { log, admissions, timing: { checkInterval, connectionLife = CONNECTION_LIFE } = {} } =
      this.#options;
    const end = new AbortController();
    const ending = AbortSignal.any([signal, end.signal]);
    const registered = keepRegistered(connection, this.#registry, {
      mine: this.#mine,
      takesOver,
      admission: connection.knowsAdmissions ? admissions?.registered : undefined,
      checkInterval,
      wake: this.#checks,
      signal: ending,
      onChange: (state) => this.#changed(state),
    });
    this.#mine.add(connection.connectionId);
    try {
      const event = await Promise.race([
        registered.then(() => ({ type: "replaced" as const })),
        connection.closed.then((reason) => ({ type: "lost" as const, reason })),
        sleep(connectionLife, { type: "aged" as const }, { signal: ending }),
      ]);
      signal.throwIfAborted();
      if (event.type === "lost") {
        const text = `the relay closed the connection (${event.reason}); connecting again`;
        log("warn", "relay-lost", text);
      } else if (event.type === "aged") {
        log("info", "rotating", "connecting anew before the gateway's two hours are over");
      }
      return event;
    } finally {
      end.abort();
      await registered.catch(() => {});
    }
  }

  #changed(state: Registration): void {
    const { log } = this.#options;
    const { phase, trouble } = state;
    const told = this.#told;
    this.#told = state;
    if (trouble && trouble !== told?.trouble) {
      log("warn", "registration-failed", `not registered yet: ${trouble}; trying again`);
    }
    if (phase === told?.phase) return;
    const { name } = this.#registry;
    if (phase === "writing") log("info", "registering", `registering with ${name} …`);
    if (phase === "online") {
      const after = this.#outage
        ? `, after ${this.#outage.lasted(Date.now())} without the relay`
        : "";
      this.#outage = undefined;
      this.#forwarder.isRegistered(this.#newest!);
      log("info", "online", `online: ${name} knows this host${after}`, { connectionId: state.own });
      this.#take({ type: "online" });
    }
  }

  #retire(): void {
    const { timing: { grace = GRACE } = {} } = this.#options;
    for (const connection of this.#connections) {
      if (connection !== this.#newest) setTimeout(() => connection.close(), grace).unref();
    }
  }
}

/** Whether a connection's local address is no longer one of the machine's. */
function hasGone(address: string | undefined, addresses: ReadonlySet<string>): boolean {
  if (address === undefined || address === "::1" || /^(?:::ffff:)?127\./.test(address)) {
    return false;
  }
  return !addresses.has(address);
}

function replacedAt({ name }: Registry): LighthouseError {
  return new LighthouseError(
    "replaced",
    `Another host has registered itself with this relay (${name}), so this one ends. ` +
      "Stop the other, then start this one again",
  );
}
