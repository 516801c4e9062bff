// Keeps a few ports of the router mapped, one for each connection and those of servers, and renews them.
//
// Each connection by WebRTC has a port of its own: connections that share one (`enableIceUdpMux` of node-datachannel)
// have no TURN, and one receive buffer for all.
import { createSocket } from "node:dgram";
import { once } from "node:events";
import { isProviderNat, isPublic } from "../platform/addresses.ts";
import type { Log } from "../platform/log.ts";
import { findGateway } from "./gateway.ts";
import { GatewaySocket } from "./gateway_socket.ts";
import { type Mapping, MappingError, type MappingProtocol, type PortMapper } from "./mapping.ts";
import { mapFirstPort } from "./port_mapper.ts";

/**
 * How it stands: `needless` on a machine with a public address, `none` if the router gives no port, and
 * `unreachable` if the router's own address is not public.
 */
export type PortMappingState =
  | { state: "off" | "searching" | "needless" }
  | { state: "mapped"; protocol: MappingProtocol; address: string; ports: number }
  | { state: "none" | "unreachable"; reason: string; cure: string };

/** A mapped port that a connection uses. */
export interface TakenPort {
  /** This machine's port, which must be bound. */
  port: number;
  /** The router's address and port, which lead to it. */
  outer: { address: string; port: number };
  /** Lets another connection have it. */
  release(): void;
}

/** A server's port, which stays mapped where the router gives ports. */
export interface HeldPort {
  /**
   * The router's address and port, which lead to it now: they change with the network. Undefined while there
   * are none.
   */
  readonly outer: Mapping["outer"] | undefined;
  /** Gives it back to the router. */
  release(): void;
}

/** Options of {@linkcode MappedPorts}. */
export interface MappedPortsOptions {
  /** Whether the owner wants it. */
  isOn: () => boolean;
  log: Log;
  /** Times to change in tests. */
  timing?: Partial<MappingTiming>;
}

/** Times. */
export interface MappingTiming {
  /** What is asked for, in seconds: what a killed host leaves behind ends by then. @default 600 */
  lifetime: number;
  /**
   * Between renewals at most, in milliseconds. They find out that the router has restarted, or has another
   * address. @default 120_000
   */
  renewal: number;
  /** Between attempts while the router gives no port, in milliseconds: the longest time. @default 300_000 */
  retry: number;
}

/** Ports that are free for the next connections, and all at most. */
const SPARE = 4;
const MAX_PORTS = 32;

/** Time after a connection's end in which its socket may still be open, in milliseconds. */
const REST_MS = 3_000;

/** Limit for giving ports back, in milliseconds. */
const GIVE_BACK_MS = 1_500;

interface Port {
  mapping: Mapping;
  isTaken: boolean;
  /** When it may be taken, by the monotonic clock. */
  freeAt: number;
}

interface Held {
  port: number;
  mapping: Mapping | undefined;
}

/** The ports. The router is asked in the background: nobody waits for it. */
export class MappedPorts implements AsyncDisposable {
  readonly #options: MappedPortsOptions;
  readonly #timing: MappingTiming;
  #state: PortMappingState = { state: "searching" };
  #ports: Port[] = [];
  readonly #held = new Set<Held>();
  #mapper: PortMapper | undefined;
  /** The router's address and this machine's, at the first mapping. */
  #network: string | undefined;
  #max = MAX_PORTS;
  #timer: ReturnType<typeof setTimeout> | undefined;
  #work: Promise<void> = Promise.resolve();
  #failures = 0;
  #hasEnded = false;
  /** What the log has last. */
  #told: string | undefined;

  constructor(options: MappedPortsOptions) {
    this.#options = options;
    this.#timing = { lifetime: 600, renewal: 120_000, retry: 300_000, ...options.timing };
    this.wake();
  }

  get state(): PortMappingState {
    return this.#state;
  }

  /**
   * Takes a port for a connection.
   *
   * @param spared Ports that are left for others.
   * @returns Undefined if there is none.
   */
  take(spared = 0): TakenPort | undefined {
    const now = performance.now();
    const taken = this.#ports.filter(({ isTaken }) => isTaken).length;
    const port = this.#ports.find(({ isTaken, freeAt }) => !isTaken && freeAt <= now);
    if (!port || taken + spared >= this.#max) return undefined;
    port.isTaken = true;
    this.#enqueue(() => this.#grow());
    const { mapping } = port;
    return {
      port: mapping.port,
      outer: mapping.outer,
      release: () => {
        port.isTaken = false;
        port.freeAt = performance.now() + REST_MS;
      },
    };
  }

  /**
   * Maps a server's port until it is released, again and again: after the router's restart, and in other
   * networks.
   *
   * @param port This machine's port, which the server has bound.
   */
  hold(port: number): HeldPort {
    const held: Held = { port, mapping: undefined };
    this.#held.add(held);
    this.#enqueue(() => this.#grow());
    return {
      get outer() {
        return held.mapping?.outer;
      },
      release: () =>
        this.#enqueue(async () => {
          this.#held.delete(held);
          if (held.mapping) await this.#mapper?.unmap(held.mapping).catch(() => {});
        }),
    };
  }

  /** Asks the router now: the machine's network, the settings or the clock have changed. */
  wake(): void {
    this.#enqueue(() => this.#renew());
  }

  /** Gives all ports back. */
  async [Symbol.asyncDispose](): Promise<void> {
    this.#hasEnded = true;
    clearTimeout(this.#timer);
    await Promise.race([
      this.#work.then(() => this.#giveBack()),
      new Promise((resolve) => setTimeout(resolve, GIVE_BACK_MS).unref()),
    ]);
  }

  /** Does one thing after the other. */
  #enqueue(work: () => Promise<void>): void {
    this.#work = this.#work.then(async () => {
      if (this.#hasEnded) return;
      try {
        await work();
      } catch (error) {
        this.#failed(error);
      }
    });
  }

  async #renew(): Promise<void> {
    clearTimeout(this.#timer);
    if (!this.#options.isOn()) {
      await this.#giveBack();
      this.#state = { state: "off" };
      this.#told = undefined;
      return;
    }
    const network = await describeNetwork();
    if (network?.own && isPublic(network.own)) {
      this.#forget();
      this.#state = { state: "needless" };
      return this.#again(this.#timing.retry);
    }
    if (network?.text !== this.#network) this.#forget();
    this.#network = network?.text;
    // A router that has restarted may speak another protocol, and have another address.
    if (this.#mapper) await this.#renewAll(this.#mapper).catch(() => this.#forget());
    if (!this.#mapper) await this.#start();
    await this.#grow();
  }

  async #renewAll(mapper: PortMapper): Promise<void> {
    for (const port of [...this.#ports, ...this.#held]) {
      if (!port.mapping) continue;
      const { port: own, outer } = port.mapping;
      port.mapping = await mapper.map({ ...this.#request(own), outerPort: outer.port });
      this.#check(port.mapping);
    }
  }

  async #start(): Promise<void> {
    const { mapper, mapping } = await mapFirstPort(this.#request(await freePort()));
    this.#mapper = mapper;
    this.#ports.push({ mapping, isTaken: false, freeAt: 0 });
    this.#check(mapping);
  }

  /** Maps the ports of servers, and further ones until enough are free. */
  async #grow(): Promise<void> {
    const mapper = this.#mapper;
    if (!mapper) return;
    for (const held of this.#held) {
      // A router that has no more may have one at the next renewal.
      held.mapping ??= await mapper.map(this.#request(held.port)).catch(() => undefined);
    }
    const free = () => this.#ports.filter(({ isTaken }) => !isTaken).length;
    while (free() < SPARE && this.#ports.length < this.#max && !this.#hasEnded) {
      try {
        const mapping = await mapper.map(this.#request(await freePort()));
        this.#ports.push({ mapping, isTaken: false, freeAt: 0 });
      } catch (error) {
        // The router has no more for this machine, or is busy: the next renewal tries again.
        const { trouble } = error as MappingError;
        if (trouble === "full" || trouble === "refused") this.#max = this.#ports.length;
        break;
      }
    }
    this.#failures = 0;
    const { address } = this.#ports[0]!.mapping.outer;
    const { protocol } = mapper;
    const mappings = this.#mappings();
    this.#state = { state: "mapped", protocol, address, ports: mappings.length };
    const what = `the router maps ports (${protocol}): pages behind any NAT reach ${address}`;
    this.#tell("port-mapped", what, { protocol, address });
    const lifetimes = mappings.flatMap(({ lifetime }) => lifetime || []);
    this.#again(Math.min(this.#timing.renewal, ...lifetimes.map((seconds) => seconds * 500)));
  }

  /** @throws {MappingError} `not-public` if pages cannot reach the address. */
  #check({ outer: { address } }: Mapping): void {
    if (isPublic(address)) return;
    const what = isProviderNat(address) ? "of its provider's NAT" : "of another router's network";
    throw new MappingError("not-public", `the router's address ${address} is one ${what}`);
  }

  #request(port: number) {
    return { port, lifetime: this.#timing.lifetime };
  }

  #failed(error: unknown): void {
    const given = this.#mapper ? this.#giveBack() : undefined;
    given?.catch(() => {});
    const { message } = error as Error;
    const trouble = error instanceof MappingError ? error.trouble : "silent";
    const state = trouble === "not-public" ? "unreachable" : "none";
    this.#state = { state, reason: message, cure: CURES[trouble] };
    this.#tell("port-not-mapped", `no port is mapped: ${message}`);
    // It may be restarting.
    this.#again(Math.min(this.#timing.retry, 10_000 * 2 ** this.#failures++));
  }

  #again(ms: number): void {
    clearTimeout(this.#timer);
    if (!this.#hasEnded) this.#timer = setTimeout(() => this.wake(), Math.max(ms, 500)).unref();
  }

  /** All that the router has given. */
  #mappings(): Mapping[] {
    return [...this.#ports, ...this.#held].flatMap(({ mapping }) => mapping ?? []);
  }

  /** Forgets ports of which the router knows nothing any more. */
  #forget(): void {
    this.#ports = [];
    for (const held of this.#held) held.mapping = undefined;
    this.#mapper = undefined;
    this.#max = MAX_PORTS;
  }

  async #giveBack(): Promise<void> {
    const mapper = this.#mapper;
    const mappings = this.#mappings();
    this.#forget();
    if (mapper) { for (const mapping of mappings) await mapper.unmap(mapping).catch(() => {}); }
  }

  /** Logs what is new. */
  #tell(event: string, text: string, fields?: Record<string, string>): void {
    if (this.#told === text) return;
    this.#told = text;
    this.#options.log("info", event, text, fields);
  }
}

const ROUTER_PAGES = "switch on UPnP IGD, NAT-PMP or PCP on the router's pages";

const CURES: Readonly<Record<MappingError["trouble"], string>> = {
  silent: `${ROUTER_PAGES}, if pages behind other routers do not connect directly`,
  refused: `${ROUTER_PAGES} for this machine; a VPN or a container may stand between the two`,
  full: "delete mappings that nobody uses on the router's pages",
  "not-public":
    "set the router as a bridge of the one before it, or ask the provider for a public " +
    "address. Pages behind other routers come by TURN or the relay",
};

/** The network that the router is in: its address, and this machine's there. */
async function describeNetwork(): Promise<{ text: string; own: string } | undefined> {
  const gateway = await findGateway();
  if (gateway === undefined) return undefined;
  using socket = await GatewaySocket.open(gateway);
  return { text: `${gateway} ${socket.ownAddress}`, own: socket.ownAddress };
}

/** A port that nobody has bound. */
async function freePort(): Promise<number> {
  const socket = createSocket("udp4");
  socket.bind();
  await once(socket, "listening");
  const { port } = socket.address();
  socket.close();
  return port;
}
