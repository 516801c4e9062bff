// What the host sees of its own network: for its reports to pages, and for `doctor`.
import { networkInterfaces } from "node:os";
import {
  candidateKinds,
  DEFAULT_STUN,
  type IceConfig,
  type IceServer,
  type NetworkReport,
  SECOND_STUN,
} from "../../wire/mod.ts";
import { type NatReport, probeNat } from "./nat.ts";
import { checkTurnServers, turnOf } from "./turn_checks.ts";

/** The age at which a look is repeated, in milliseconds: not each change shows in the addresses. */
const STALE_MS = 10 * 60_000;

/** What STUN servers have said. */
export interface SeenNetwork {
  /** The servers that were asked. */
  servers: string[];
  /** By IPv4 and IPv6; undefined where no server has answered. */
  v4: NatReport | undefined;
  v6: NatReport | undefined;
}

/** Asks the STUN servers of a configuration, and a second one beside the usual one. */
export async function probeNetwork({ iceServers }: IceConfig): Promise<SeenNetwork> {
  const stun = iceServers.flatMap(({ urls }) => urls).filter((url) => /^stun:/i.test(url));
  const servers = stun.includes(DEFAULT_STUN) ? [...stun, SECOND_STUN] : stun;
  const [v4, v6] = await Promise.all([
    probeNat(servers, 4).catch(() => undefined),
    probeNat(servers, 6).catch(() => undefined),
  ]);
  return { servers, v4, v6 };
}

/** The part of a report that a look at the network gives. */
export function reportOf({ servers, v4, v6 }: SeenNetwork): NetworkReport {
  const report: NetworkReport = {
    stun: servers.length === 0 ? "off" : v4 || v6 ? "answers" : "silent",
  };
  const { mapping = "unknown" } = v4 ?? v6 ?? {};
  if (mapping !== "unknown") report.nat = mapping;
  if (hasVpn()) report.vpn = "on";
  return report;
}

/** Options of {@linkcode OwnNetwork}. */
export interface OwnNetworkOptions {
  settings: () => { readonly ice: IceConfig };
  /** The TURN servers that the host uses now. @default none */
  turnServers?: () => IceServer[];
  /** Other parts of the report, as they are now. */
  parts?: () => Pick<NetworkReport, "port" | "relay">;
  /** @default asks STUN servers */
  probe?: typeof probeNetwork;
  /** @default asks TURN servers */
  checkTurn?: typeof checkTurnServers;
  /** Monotonic clock, in milliseconds. @default performance.now */
  now?: () => number;
}

/** The host's network, from its first look on. */
export class OwnNetwork {
  readonly #options: OwnNetworkOptions;
  readonly #now: () => number;
  #seen: NetworkReport = {};
  #looked = Infinity;
  #looks = 0;

  constructor(options: OwnNetworkOptions) {
    this.#options = options;
    this.#now = options.now ?? (() => performance.now());
  }

  /** Looks at the network anew: at the start, and when it has changed. */
  async look(): Promise<void> {
    const { settings, turnServers, probe = probeNetwork } = this.#options;
    const { checkTurn = checkTurnServers } = this.#options;
    const look = ++this.#looks;
    this.#looked = this.#now();
    const [seen, turn] = await Promise.all([
      probe(settings().ice),
      checkTurn(turnServers?.() ?? []),
    ]);
    // A later look knows better.
    if (look === this.#looks) this.#seen = { ...reportOf(seen), turn: turnOf(turn) };
  }

  /** What is known now. @param sdp The answer that has the candidates of this connection. */
  report(sdp?: string): NetworkReport {
    if (this.#now() - this.#looked > STALE_MS) void this.look();
    const candidates = sdp === undefined ? undefined : candidateKinds(sdp);
    return { ...candidates && { candidates }, ...this.#seen, ...this.#options.parts?.() };
  }
}

/** Names of the interfaces of VPNs on Linux, macOS and Windows. */
const VPN = /^(?:tun|tap|utun|wg|ppp|ipsec|tailscale|zt|nordlynx|proton)/i;

/** Whether a VPN is on: macOS has such interfaces without one, which have link-local addresses only. */
function hasVpn(): boolean {
  return Object.entries(networkInterfaces()).some(([name, addresses]) =>
    VPN.test(name) && addresses?.some(({ address }) => !/^fe80:/i.test(address))
  );
}
