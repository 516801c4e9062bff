// Looks at the page's network: gathers candidates for a connection that nobody opens.
import {
  candidateKinds,
  DEFAULT_STUN,
  type IceConfig,
  type NetworkReport,
  SECOND_STUN,
} from "../../wire/mod.ts";
import { startTimer } from "./start_timer.ts";

/** Options of {@linkcode probeNetwork}. */
export interface ProbeOptions {
  ice: IceConfig;
  /** @default the browser's; undefined in a browser without WebRTC */
  RTCPeerConnection?: typeof globalThis.RTCPeerConnection;
  /** @default the browser's; undefined in a browser without permissions */
  permissions?: Pick<Permissions, "query">;
  startTimer?: typeof startTimer;
}

/** Limit for gathering, in milliseconds. A STUN server that is not heard by then counts as silent. */
const GATHER_MS = 3_000;

/** What gathering has shown. */
export interface Gathered {
  /** The session description with the candidates. */
  sdp: string;
  /** Of the browser's `icecandidateerror` events (RFC 8489 §14.8, RFC 8656 §19; 701: no answer). */
  errors: { url: string; code: number; isV6?: boolean }[];
  /** Whether gathering has ended within its time, in a browser that tells of errors. */
  isComplete: boolean;
}

/** Asks the STUN and TURN servers, and a second STUN server beside the usual one. */
export async function probeNetwork(options: ProbeOptions): Promise<NetworkReport> {
  const {
    ice,
    RTCPeerConnection = globalThis.RTCPeerConnection,
    permissions = globalThis.navigator?.permissions,
  } = options;
  if (!RTCPeerConnection) return { webrtc: "off" };
  const iceServers = ice.iceServers.map((server) =>
    server.urls.includes(DEFAULT_STUN) ? { ...server, urls: [...server.urls, SECOND_STUN] } : server
  );
  let connection: RTCPeerConnection | undefined;
  try {
    connection = new RTCPeerConnection({ iceServers });
    const report = judge(await gather(connection, options.startTimer ?? startTimer), {
      iceServers,
    });
    // Without effect as long as the browser offers local addresses all the same.
    if (!report.candidates!.some((kind) => /^(?:mdns|private)/.test(kind))) {
      if (await isDenied(permissions)) report.localNetwork = "denied";
    }
    return report;
  } catch {
    // Such as where a policy of the browser forbids it.
    return { webrtc: "off" };
  } finally {
    connection?.close();
  }
}

async function gather(connection: RTCPeerConnection, start: typeof startTimer): Promise<Gathered> {
  const errors: Gathered["errors"] = [];
  let isComplete = false;
  const { promise, resolve } = Promise.withResolvers<void>();
  const tellsErrors = "onicecandidateerror" in connection;
  connection.onicecandidateerror = ({ url, errorCode, address }) => {
    errors.push({ url, code: errorCode, isV6: address?.includes(":") });
  };
  connection.onicegatheringstatechange = () => {
    if (connection.iceGatheringState !== "complete") return;
    isComplete = tellsErrors;
    resolve();
  };
  connection.createDataChannel("");
  await connection.setLocalDescription(await connection.createOffer());
  const stopTimer = start(GATHER_MS, resolve);
  await promise;
  stopTimer();
  return { sdp: connection.localDescription!.sdp, errors, isComplete };
}

/** Makes the report of what gathering has shown. */
export function judge(
  { sdp, errors, isComplete }: Gathered,
  { iceServers }: IceConfig,
): NetworkReport {
  const urls = iceServers.flatMap(({ urls }) => urls);
  const stun = urls.filter((url) => /^stun:/i.test(url));
  const candidates = candidateKinds(sdp);
  const report: NetworkReport = { candidates };
  const hasAnswer = candidates.some((kind) => kind.startsWith("srflx"));
  if (stun.length === 0) report.stun = "off";
  else if (hasAnswer) report.stun = "answers";
  // A public address is not told twice. And a browser that hides all addresses asks nobody.
  else if (candidates.length > 0 && !candidates.some((kind) => kind.startsWith("public"))) {
    report.stun = "silent";
  }
  const ports = mappedPorts(sdp);
  if (ports.some((each) => each > 1)) report.nat = "endpoint-dependent";
  // Many servers have no IPv6, where there is no NAT either.
  else if (
    candidates.includes("srflx4") && isComplete && stun.length > 1 &&
    !errors.some(({ url, isV6 }) => isStun(url) && !isV6)
  ) report.nat = "endpoint-independent";
  if (!urls.some((url) => /^turn/i.test(url))) report.turn = "off";
  else if (candidates.includes("relay")) report.turn = "works";
  // 701 stands for a server that does not answer; others are the server's own codes.
  else {report.turn = errors.some(({ url, code }) => !isStun(url) && code < 700)
      ? "refused"
      : "unreachable";}
  return report;
}

/**
 * The numbers of ports under which servers have seen each base: with several, the NAT gives each
 * destination another one. The base is the related address, or has its own foundation where that is hidden
 * (RFC 8445 §5.1.1.3); Firefox tells it only if there is one.
 */
function mappedPorts(sdp: string): number[] {
  const ports = new Map<string, Set<string>>();
  for (const [, foundation, address, port, base, basePort] of sdp.matchAll(MAPPED)) {
    const key = `${address} ${basePort === "0" ? foundation : `${base} ${basePort}`}`;
    ports.set(key, (ports.get(key) ?? new Set()).add(port!));
  }
  return [...ports.values()].map(({ size }) => size);
}

const MAPPED = /^a=candidate:(\S+) 1 udp \d+ (\S+) (\d+) typ srflx raddr (\S+) rport (\d+)/gim;

function isStun(url: string): boolean {
  return /^stun:/i.test(url);
}

/** Whether the user has denied the page the local network. Chromium has had two names for that. */
async function isDenied(permissions: ProbeOptions["permissions"]): Promise<boolean> {
  for (const name of ["local-network", "local-network-access"]) {
    try {
      const { state } = await permissions!.query({ name: name as PermissionName });
      return state === "denied";
    } catch {
      // A browser without it.
    }
  }
  return false;
}
