// The checks of `doctor` about networks: the host's own, and what the devices' pages see of theirs.
import { type Cause, CAUSES, CURES, diagnose, type NetworkReport } from "../../wire/mod.ts";
import type { HostConfig } from "../config/config.ts";
import type { HostStatus } from "../control/status.ts";
import { durationSince } from "../platform/duration.ts";
import { describePortMapping, type PortMappingState } from "../mapping/mod.ts";
import { describeQuic, type QuicState } from "../quic/describe.ts";
import { formatDollars } from "../signalling/prices.ts";
import type { Finding } from "./finding.ts";
import type { NatReport } from "./nat.ts";
import { probeNetwork, reportOf } from "./own_network.ts";
import { type CheckedTurn, checkTurnServers, serversOf, turnOf } from "./turn_checks.ts";

/** How a device's newest connection has come about. */
const WAYS = {
  direct: "connected directly",
  turn: "connected through a TURN server",
  relayed: "connected through the relay",
  none: "did not connect",
} as const;

/** Checks the host's own network. */
export async function* checkNetwork(
  { ice, iceServers = [] }: HostConfig,
  status: HostStatus | undefined,
): AsyncGenerator<Finding> {
  const { servers: turnServers, troubles } = await serversOf(iceServers);
  const [network, turn] = await Promise.all([probeNetwork(ice), checkTurnServers(turnServers)]);
  const report: NetworkReport = {
    ...status?.networks?.host,
    ...reportOf(network),
    turn: turnOf(turn),
  };
  // What the host's own network does to pages that have no fault themselves.
  const { cause, cures } = diagnose({}, report);
  const cure = cures.map((code) => CURES[code]).join("; ");
  const { servers, v4, v6 } = network;
  if (report.stun === "off") {
    const message = "no STUN server is set: pages connect directly only on the same network";
    yield { check: "stun", ok: null, message };
  } else if (report.stun === "silent") {
    const message = `${servers.join(" and ")} do not answer: ${CAUSES["host-no-udp"]}`;
    yield { check: "stun", ok: false, message, cure };
  } else {
    const seen = [v4, v6].flatMap((each) => each ? [each.mapped.address] : []);
    yield { check: "stun", ok: true, message: `seen from outside as ${seen.join(" and ")}` };
    if (v4) yield judgeMapping(v4, cause, cure);
    yield v6
      ? { check: "ipv6", ok: true, message: "pages that have IPv6 need no hole in a router" }
      : { check: "ipv6", ok: null, message: "none here: pages come by IPv4" };
    if (v4 && v4.mapping !== "none") yield judgeHairpin(v4);
  }
  yield* judgePort(status?.networks?.port);
  if (status?.networks?.quic) yield judgeQuic(status.networks.quic);
  for (const message of troubles) yield { check: "turn", ok: false, message };
  yield* turn.map(judgeTurn);
  if (status?.relayed) yield judgeRelayed(status.relayed);
  if (report.vpn) {
    const message = "a VPN is on: it decides which networks connections cross";
    yield { check: "vpn", ok: null, message };
  }
}

/** Tells whether the router maps ports for the host that runs. */
function* judgePort(port: PortMappingState | undefined): Generator<Finding> {
  const check = "port";
  if (!port) {
    const message = "not tried: no host runs with this state folder, or one of an earlier version";
    yield { check, ok: null, message };
    return;
  }
  const isFine = port.state === "mapped" || port.state === "needless";
  const cure = "cure" in port ? port.cure : undefined;
  yield { check, ok: isFine || null, message: describePortMapping(port), cure };
}

/** Tells whether pages may come to the host that runs by WebTransport. All works without. */
function judgeQuic(quic: QuicState): Finding {
  const isFine = quic.state === "on" && quic.addresses.length > 0;
  const cure = "cure" in quic ? quic.cure : undefined;
  return { check: "quic", ok: isFine || null, message: describeQuic(quic), cure };
}

function judgeTurn({ url, verdict }: CheckedTurn): Finding {
  const check = "turn";
  switch (verdict.outcome) {
    case "well":
      return {
        check,
        ok: true,
        message: `${url} serves this host, in ${Math.round(verdict.ms)} ms`,
      };
    case "refused": {
      const message = `${url} refuses: ${verdict.code} ${verdict.reason}`;
      return { check, ok: false, message, cure: CURES["turn-refused"] };
    }
    case "unreachable": {
      const message = `${url} does not answer: ${verdict.reason}`;
      return { check, ok: false, message, cure: CURES["turn-unreachable"] };
    }
  }
}

/** Whether sessions may go through the relay, and what is left of the day's budget. */
function judgeRelayed({ state, spent, budget }: NonNullable<HostStatus["relayed"]>): Finding {
  const check = "relayed";
  if (state === "off") {
    const message = "off: pages connect only where a direct connection or a TURN server does";
    return { check, ok: null, message, cure: CURES["allow-relay"] };
  }
  const dollars = `${formatDollars(spent)} of ${formatDollars(budget)} spent today`;
  const message = `sessions may go through the relay, ${dollars}`;
  if (state === "on") return { check, ok: true, message };
  return { check, ok: false, message: dollars, cure: CURES["relay-spent"] };
}

/** Whether STUN is enough. */
function judgeMapping({ mapping }: NatReport, cause: Cause, cure: string): Finding {
  const check = "nat";
  switch (mapping) {
    case "none":
      return { check, ok: true, message: "no router changes addresses: STUN will do" };
    case "endpoint-independent":
      return { check, ok: true, message: "endpoint-independent mapping: STUN will do" };
    case "unknown":
      return {
        check,
        ok: null,
        message: "the STUN server has only one address, so the router's mapping is not known",
        cure: "name a second one: --stun SERVER --stun SERVER",
      };
    case "endpoint-dependent":
      return cause === "host-symmetric"
        ? { check, ok: false, message: CAUSES[cause], cure }
        : { check, ok: true, message: `${CAUSES["host-symmetric"]}, and a mapped port leads in` };
  }
}

function judgeHairpin({ hairpin }: NatReport): Finding {
  const message = hairpin
    ? "the router leads its own outer address back in"
    : "the router does not lead its own outer address back in: pages at home find this machine " +
      "by its inner one";
  return { check: "hairpin", ok: hairpin || null, message };
}

/** Tells how the devices' newest connections have come about, and why so. */
export function* checkDevices(status: HostStatus | undefined): Generator<Finding> {
  for (const device of status?.networks?.devices ?? []) {
    const { name, time, page, cause, cures } = device;
    const who = name === null ? "a page that is not paired" : `“${name}”`;
    const when = `${durationSince(Date.parse(time))} ago`;
    const isFine = cause === "direct" || cause === "untried";
    const cure = cures.map((code) => CURES[code]).join("; ") || undefined;
    const message = `${who} ${page.way ? WAYS[page.way] : "asked"}, ${when}: ${CAUSES[cause]}`;
    // A connection that works is no problem, however it goes.
    const ok = page.way === "none" ? false : isFine || null;
    yield { check: "device", ok, message, cure, device };
  }
}
