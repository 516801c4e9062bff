// Names the cause for which two ends connect as they do, and what helps, from the reports of both: a pure
// function, so that the page, its pill, and the host's log and commands all say the same.
import type { NetworkReport } from "../signal/report.ts";
import type { Cause, Cure } from "./texts.ts";

/** What decides the way of a connection, and what helps. */
export interface Verdict {
  cause: Cause;
  /** The best first; empty if nothing has to be mended. */
  cures: Cure[];
}

/** A way between page and host, the best first. `mapped`: by a port that the host's router maps. */
export type Way = "direct" | "mapped" | "turn" | "relayed";

/** `open`: can be used, as far as is known. `failed`: does not work here. `spent`: not today. */
export type WayState = "used" | "open" | "failed" | "off" | "spent" | "unknown";

type End = "page" | "host" | "both";

/** Judges by what the ends report; undefined for an end that has not reported. */
export function diagnose(page: NetworkReport = {}, host: NetworkReport = {}): Verdict {
  const cause = causeOf(page, host);
  return { cause, cures: [...new Set(curesFor(cause, page, host))] };
}

/** The state of each way. */
export function waysOf(page: NetworkReport = {}, host: NetworkReport = {}): Record<Way, WayState> {
  const { way } = page;
  const turns = [page.turn, host.turn];
  const ports = { off: "off", none: "failed", unreachable: "failed", mapped: "open" } as const;
  const relays = { off: "off", spent: "spent", on: "open" } as const;
  const hasFailedTurn = turns.includes("unreachable") || turns.includes("refused");
  return {
    direct: way === "direct" ? "used" : way ? "failed" : "unknown",
    mapped: host.port ? ports[host.port] : "unknown",
    turn: way === "turn"
      ? "used"
      : turns.includes("works")
      ? "open"
      : hasFailedTurn
      ? "failed"
      : turns.includes("off")
      ? "off"
      : "unknown",
    relayed: way === "relayed" ? "used" : host.relay ? relays[host.relay] : "unknown",
  };
}

/** The first that explains it, from what is certain to what is likely. */
function causeOf(page: NetworkReport, host: NetworkReport): Cause {
  if (page.way === "direct") return "direct";
  if (page.webrtc === "off") return "no-webrtc";
  if (page.candidates?.length === 0) return "hidden-addresses";
  const silent = endOf(page.stun === "silent", host.stun === "silent");
  if (silent) return `${silent}-no-udp`;
  if (!haveCommonIp(page, host)) return "no-common-ip";
  // If others reach one end, the other end need only send UDP.
  if (!isReachable(page) && !isReachable(host)) {
    const unknowing = endOf(page.stun === "off", host.stun === "off");
    if (unknowing) return page.localNetwork ? "local-network" : `${unknowing}-no-stun`;
    const symmetric = endOf(isSymmetric(page), isSymmetric(host));
    if (symmetric) return `${symmetric}-symmetric`;
  }
  if (page.localNetwork) return "local-network";
  return page.way ? "unknown" : "untried";
}

function* curesFor(cause: Cause, page: NetworkReport, host: NetworkReport): Generator<Cure> {
  if (cause === "direct" || cause === "untried") return;
  if (cause === "no-webrtc") yield "enable-webrtc";
  if (cause === "hidden-addresses") yield "allow-addresses";
  if (cause === "local-network") yield "allow-local-network";
  if (cause.endsWith("no-stun")) yield "set-stun";
  // Without UDP, neither STUN nor a mapped port helps.
  if (cause === "page-no-udp" || cause === "both-no-udp") yield "page-udp";
  const isAtHost = cause === "host-no-udp" || cause === "both-no-udp";
  if (isAtHost) yield "host-udp";
  if (host.vpn && (isAtHost || cause === "host-symmetric" || cause === "both-symmetric")) {
    yield "pause-vpn";
  }
  if (cause.endsWith("-symmetric") || cause === "unknown") {
    if (host.port === "off") yield "allow-port";
    if (host.port === "none") yield "router-port";
    if (host.port === "unreachable") yield "public-address";
  }
  if (/no-udp|-symmetric|unknown|common-ip/.test(cause)) yield* curesOfTurn(cause, page, host);
  if (page.way === "none") {
    if (host.relay === "off") yield "allow-relay";
    if (host.relay === "spent") yield "relay-spent";
  }
}

function* curesOfTurn(cause: Cause, page: NetworkReport, host: NetworkReport): Generator<Cure> {
  // Where UDP is blocked, only that end's own server helps.
  const turns = cause === "page-no-udp"
    ? [page.turn]
    : cause === "host-no-udp"
    ? [host.turn]
    : [page.turn, host.turn];
  // It is there, or even in use.
  if (page.way === "turn" || turns.includes("works")) return;
  // The host reaches its server: either the page has not tried that yet, or its network lets only TLS out.
  const isOnlyForPage = cause === "page-no-udp" && host.turn === "works";
  if (isOnlyForPage && page.turn === undefined) return;
  if (turns.includes("refused")) yield "turn-refused";
  else if (turns.includes("unreachable") && !isOnlyForPage) yield "turn-unreachable";
  else yield cause.endsWith("no-udp") ? "add-turns" : "add-turn";
}

function endOf(isPage: boolean, isHost: boolean): End | undefined {
  if (isPage) return isHost ? "both" : "page";
  return isHost ? "host" : undefined;
}

function isSymmetric({ nat }: NetworkReport): boolean {
  return nat === "endpoint-dependent";
}

/** Whether others reach an end that has not sent anything to them. */
function isReachable({ port, nat, candidates }: NetworkReport): boolean {
  return port === "mapped" || nat === "none" || candidates?.includes("public4") === true;
}

/** Whether both ends may have addresses of one IP version; a name hides which it is. */
function haveCommonIp(page: NetworkReport, host: NetworkReport): boolean {
  const versions = ({ candidates }: NetworkReport) => {
    if (!candidates || candidates.includes("mdns") || candidates.includes("relay")) return "46";
    return candidates.map((kind) => kind.slice(-1)).join("");
  };
  const of = versions(host);
  return of === "" || [...versions(page)].some((version) => of.includes(version));
}
