// A home's router for the lab: NAT and firewall by nftables, and miniupnpd where it gives ports.
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { findDebianProgram } from "../testing/debian_program.ts";
import { temporaryFolder } from "../testing/temporary_folder.ts";
import type { Namespace, Namespaces } from "./namespaces.ts";

/**
 * How a router maps addresses (RFC 4787 §4.1): `cone` keeps one port for all destinations and filters by
 * address and port, `symmetric` has another port for each destination.
 */
export type Nat = "cone" | "symmetric";

/** What a router does with UDP: it may drop packets, or answer that they are not allowed. */
export type UdpRule = "dropped" | "rejected";

/** What a router gives ports by. */
export type PortProtocol = "pcp" | "upnp" | "both";

/** A router. */
export interface RouterOptions {
  /** @default "cone" */
  nat?: Nat;
  /** @default it lets UDP through */
  udp?: UdpRule;
  /** Whether it drops TCP to the usual port of TURN servers. @default false */
  isWebOnly?: boolean;
  /** Life of an idle mapping, in seconds. @default the kernel's */
  mappingLife?: number;
  /** Whether it gives ports. @default it gives none */
  ports?: PortProtocol;
}

/** Where a router is. */
export interface RouterPlace {
  /** Its name's part. */
  role: string;
  /** The network or router that it is behind. */
  upstream: Namespace;
  /** The first three numbers of the addresses between the two, and of those behind it. */
  outer: string;
  inner: string;
}

/** A router, and the way behind it. */
export class Router {
  readonly namespace: Namespace;
  /** The device of the upstream that leads to it. */
  readonly upstreamDevice: string;
  readonly #namespaces: Namespaces;
  readonly #place: RouterPlace;
  readonly #options: RouterOptions;
  #lans = 0;
  #daemon: ReturnType<Namespace["start"]> | undefined;

  constructor(namespaces: Namespaces, place: RouterPlace, options: RouterOptions) {
    this.#namespaces = namespaces;
    this.#place = place;
    this.#options = options;
    const { role, upstream, outer } = place;
    const router = this.namespace = namespaces.make(role);
    // A device's name has up to 15 characters.
    this.upstreamDevice = `to-${role}`.slice(0, 15);
    namespaces.join(upstream, router, [this.upstreamDevice, "wan0"]);
    upstream.ip(`addr add ${outer}.1/24 dev ${this.upstreamDevice}`);
    router.ip(`addr add ${outer}.2/24 dev wan0`);
    router.ip(`route add default via ${outer}.1`);
    router.sysctl("net.ipv4.ip_forward=1");
    const { nat = "cone", mappingLife: life, udp, isWebOnly = false } = options;
    router.nft(rulesOf(nat));
    if (udp) this.blockUdp(udp);
    if (isWebOnly) router.nft("add rule ip lab blocked tcp dport 3478 drop");
    if (life) {
      const settings = ["udp_timeout", "udp_timeout_stream"];
      router.sysctl(...settings.map((name) => `net.netfilter.nf_conntrack_${name}=${life}`));
    }
  }

  /** The address that the world outside sees. */
  get outerAddress(): string {
    return `${this.#place.outer}.2`;
  }

  /** Plugs a machine in. Each gets a network of its own. @returns Its address. */
  plug(machine: Namespace, device = "eth0"): string {
    const { inner } = this.#place;
    const number = this.#lans++;
    const net = `${inner}.${number}`;
    this.#namespaces.join(this.namespace, machine, [`lan${number}`, device]);
    this.namespace.ip(`addr add ${net}.1/24 dev lan${number}`);
    machine.ip(`addr add ${net}.2/24 dev ${device}`);
    machine.ip(`route add default via ${net}.1`);
    return `${net}.2`;
  }

  /** Gives IPv6 to the first machine: without address translation, but with a firewall. */
  addIpv6(machine: Namespace, number: number): void {
    const { upstream } = this.#place;
    const [outer, inner] = [`fd01:${number}::`, `2001:db8:${number}::`];
    const add = (at: Namespace, address: string, device: string) =>
      at.ip(`addr add ${address}/64 dev ${device} nodad`);
    add(upstream, `${outer}1`, this.upstreamDevice);
    add(this.namespace, `${outer}2`, "wan0");
    add(this.namespace, `${inner}1`, "lan0");
    add(machine, `${inner}2`, "eth0");
    this.namespace.ip(`-6 route add default via ${outer}1`);
    machine.ip(`-6 route add default via ${inner}1`);
    upstream.ip(`-6 route add ${inner}/64 via ${outer}2`);
    for (const each of [upstream, this.namespace]) each.sysctl("net.ipv6.conf.all.forwarding=1");
    this.namespace.nft(`table ip6 lab {\n${filterChain("forward")}\n}\n`);
  }

  blockUdp(rule: UdpRule): void {
    const verdict = rule === "dropped" ? "drop" : "reject";
    this.namespace.nft(`add rule ip lab blocked meta l4proto udp ${verdict}`);
  }

  letUdpThrough(): void {
    this.namespace.nft("flush chain ip lab blocked");
  }

  /** Forgets all mappings, and uses other ports from now on, as after a restart. */
  rebind(ports: string): void {
    this.namespace.nft(
      `flush chain ip lab post
      add rule ip lab post meta l4proto udp oifname "wan0" masquerade to :${ports}
      add rule ip lab post oifname "wan0" masquerade`,
    );
    this.namespace.run([findDebianProgram("conntrack"), "-F"]);
  }

  /** Starts to give ports, if it is to. Machines that are plugged in later get none. */
  async startPorts(): Promise<void> {
    const { ports } = this.#options;
    if (!ports) return;
    const folder = temporaryFolder();
    const file = join(folder, "miniupnpd.conf");
    writeFileSync(file, settingsOf(ports));
    const program = findDebianProgram("miniupnpd");
    const daemon = this.namespace.start([program, "-d", "-f", file, "-P", join(folder, "pid")], {
      stdio: ["ignore", "ignore", "pipe"],
    });
    this.#daemon = daemon;
    // It writes this line last, when it listens.
    await new Promise<void>((resolve, reject) => {
      let text = "";
      daemon.stderr!.setEncoding("utf8").on("data", (part: string) => {
        text += part;
        if (/HTTP listening|Listening for NAT-PMP/.test(text)) resolve();
      });
      daemon.once("close", () => reject(new Error(`Cannot start miniupnpd: ${text}`)));
    });
  }

  /** Stops to give ports, and forgets the mappings, as when it is switched off. */
  async stopPorts(): Promise<void> {
    const daemon = this.#daemon;
    this.#daemon = undefined;
    if (!daemon || daemon.exitCode !== null) return;
    const closed = new Promise((resolve) => daemon.once("close", resolve));
    daemon.kill();
    await closed;
    for (const chain of ["miniupnpd", "prerouting_miniupnpd", "postrouting_miniupnpd"]) {
      this.namespace.nft(`flush chain inet filter ${chain}`);
    }
  }

  /** The mapped ports, as rules: `udp dport 4000 dnat ip to 10.2.0.2:4000`. */
  get mappings(): string[] {
    const { namespace } = this;
    const chain = "list chain inet filter prerouting_miniupnpd";
    const text = namespace.run([findDebianProgram("nft"), ...chain.split(" ")]);
    return text.split("\n").filter((line) => line.includes("dnat"));
  }
}

/**
 * The NAT. Unsolicited packets must die before conntrack keeps them: they would take the port of a hole
 * that is about to be made.
 */
function rulesOf(nat: Nat): string {
  const random = nat === "symmetric" ? " fully-random" : "";
  return `
    table ip lab {
      chain post {
        type nat hook postrouting priority 100
        oifname "wan0" masquerade${random}
      }
      chain blocked { }
      ${filterChain("forward", "jump blocked")}
      ${filterChain("input")}
    }
    table inet filter {
      chain miniupnpd { }
      chain prerouting_miniupnpd { }
      chain postrouting_miniupnpd { }
      chain prerouting {
        type nat hook prerouting priority -100
        iifname "wan0" jump prerouting_miniupnpd
      }
    }`;
}

function filterChain(hook: "forward" | "input", first = ""): string {
  return `chain ${hook} {
    type filter hook ${hook} priority 0; policy drop
    ${first}
    iifname != "wan0" accept
    ct state established,related accept
    ct status dnat accept
  }`;
}

/** miniupnpd's settings. Mappings may be as short as a test needs. */
function settingsOf(ports: PortProtocol): string {
  const on = (is: boolean) => is ? "yes" : "no";
  return [
    "ext_ifname=wan0",
    "listening_ip=lan0",
    "port=0",
    `enable_natpmp=${on(ports !== "upnp")}`,
    `enable_upnp=${on(ports !== "pcp")}`,
    "secure_mode=yes",
    "min_lifetime=1",
    "max_lifetime=86400",
    "notify_interval=900",
    "clean_ruleset_interval=2",
    "uuid=5f1c0000-0000-4000-8000-000000000001",
    "allow 1024-65535 0.0.0.0/0 1024-65535",
    "deny 0-65535 0.0.0.0/0 0-65535",
    "",
  ].join("\n");
}
