// The lab: a page and a host in networks of their own, each behind a router, and the world between them.
import { type Coturn, startCoturn } from "../testing/coturn.ts";
import { type Namespace, Namespaces } from "./namespaces.ts";
import { type PortProtocol, Router, type RouterOptions } from "./router.ts";
import { startWire, type WireOptions } from "./wire.ts";

/** What the network is like. */
export interface NetworkOptions {
  /** The routers of page and host. @default with a cone NAT */
  page?: RouterOptions;
  host?: RouterOptions;
  /** The router of the network to which the page's machine may move. @default with a cone NAT */
  other?: RouterOptions;
  /** Where the page is. @default behind a router of its own */
  place?: "host's LAN" | "behind two routers";
  /** Where the host is. @default behind its router */
  hostPlace?: "behind two routers";
  /** Whether the page has only IPv6, and the host both. @default both have only IPv4 */
  isIpv6Page?: boolean;
  /** The wire between the routers. @default 20 ms each way */
  wire?: WireOptions;
}

/**
 * The world's addresses. miniupnpd gives ports only where its own address is public, so these are no
 * reserved network's. No packet leaves the namespaces.
 */
const WORLD = "198.17";
export const SERVER = `${WORLD}.0.1`;
export const SERVER_V6 = "2001:db8::1";

/** The ports of the server of STUN and TURN: for UDP and TCP, and for TLS. */
const PORTS = { plain: 3478, tls: 443 };
const SECRET = "the lab's secret";

/** A network. Its disposal ends all that runs in it. */
export class Network implements AsyncDisposable {
  readonly wan: Namespace;
  readonly page: Namespace;
  readonly host: Namespace;
  readonly pageRouter: Router;
  readonly hostRouter: Router;
  /** The router that the host asks for ports: its next one. */
  portRouter!: Router;
  /** Whether there is a wire: without a C compiler, packets arrive at once. */
  hasWire = false;
  readonly #namespaces: Namespaces;
  readonly #options: NetworkOptions;
  /** Made at the start, so that the move takes no longer than pulling a cable. */
  readonly #other: Router;

  private constructor(options: NetworkOptions) {
    const namespaces = this.#namespaces = new Namespaces();
    this.#options = options;
    const wan = this.wan = namespaces.make("wan");
    wan.ip(`addr add ${SERVER}/32 dev lo`);
    const filters = ["all", "default"].map((name) => `net.ipv4.conf.${name}.rp_filter=0`);
    wan.sysctl("net.ipv4.ip_forward=1", ...filters);
    this.page = namespaces.make("page");
    this.host = namespaces.make("host");
    this.pageRouter = this.#router("prouter", 1, options.page);
    this.hostRouter = this.#router("hrouter", 2, options.host);
    this.#other = this.#router("other", 5, options.other);
    this.#plugPage();
    this.#plugHost();
    // Others' private addresses lead to a router, which drops the packets without an answer.
    wan.ip(`route add 10.0.0.0/8 via ${WORLD}.1.2`);
    if (options.isIpv6Page) this.#addIpv6();
  }

  /** Makes it. */
  static async start(options: NetworkOptions): Promise<Network> {
    const network = new Network(options);
    try {
      const devices = [network.pageRouter, network.hostRouter].map((each) => each.upstreamDevice);
      const { wire = { delay: 20 } } = options;
      if (Object.values(wire).some(Boolean)) {
        network.hasWire = await startWire(network.wan, devices, wire);
      }
      await network.portRouter.startPorts();
      return network;
    } catch (error) {
      await network[Symbol.asyncDispose]();
      throw error;
    }
  }

  #router(role: string, number: number, options: RouterOptions = {}): Router {
    const place = { upstream: this.wan, outer: `${WORLD}.${number}`, inner: `10.${number}` };
    return new Router(this.#namespaces, { role, ...place }, options);
  }

  #plugPage(): void {
    const { place } = this.#options;
    if (place === "host's LAN") return;
    if (place !== "behind two routers") return void this.pageRouter.plug(this.page);
    this.#innerRouter("pinner", this.pageRouter, 3).plug(this.page);
  }

  #plugHost(): void {
    const { place, hostPlace } = this.#options;
    const router = hostPlace
      ? this.#innerRouter("hinner", this.hostRouter, 4, this.#options.host?.ports)
      : this.hostRouter;
    this.portRouter = router;
    router.plug(this.host);
    if (place === "host's LAN") router.plug(this.page);
  }

  /** A router behind another one. */
  #innerRouter(role: string, outside: Router, number: number, ports?: PortProtocol) {
    const place = { upstream: outside.namespace, outer: `10.9.${number}`, inner: `10.${number}` };
    return new Router(this.#namespaces, { role, ...place }, { ports });
  }

  #addIpv6(): void {
    const { wan, page, host } = this;
    wan.ip(`addr add ${SERVER_V6}/128 dev lo nodad`);
    this.pageRouter.addIpv6(page, 1);
    this.hostRouter.addIpv6(host, 2);
    page.ip("-4 addr flush dev eth0 scope global");
  }

  /** Starts a server of STUN and TURN in the world. It ends with the network at the latest. */
  startTurn(): Promise<Coturn> {
    return startCoturn({
      secret: SECRET,
      address: SERVER,
      further: this.#options.isIpv6Page ? [SERVER_V6] : [],
      before: ["ip", "netns", "exec", this.wan.name],
      ports: PORTS,
    });
  }

  /** The host's list of TURN servers: by UDP, TCP and TLS. */
  get iceServers(): { urls: string[]; secret: string }[] {
    const plain = ["udp", "tcp"].map((by) => `turn:${SERVER}:${PORTS.plain}?transport=${by}`);
    return [{ urls: [...plain, `turns:${SERVER}:${PORTS.tls}`], secret: SECRET }];
  }

  /** The URLs of the STUN server, for the host and for the page. */
  get stun(): { host: string; page: string } {
    const host = `stun:${SERVER}:${PORTS.plain}`;
    const page = `stun:[${SERVER_V6}]:${PORTS.plain}`;
    return { host, page: this.#options.isIpv6Page ? page : host };
  }

  /** Takes the page's machine to the other network. */
  movePage(): void {
    // The routes over the first cable go with it.
    this.page.ip("link set eth0 down");
    this.#other.plug(this.page, "eth1");
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.#namespaces[Symbol.asyncDispose]();
  }
}
