// Opens a channel to the host by WebTransport: https://www.w3.org/TR/webtransport/
import {
  type ByteStream,
  type Channel,
  encodePreamble,
  isInner,
  LighthouseError,
  MAX_STRIPES,
  newChannelName,
  type QuicWay,
  StripedChannel,
} from "../../wire/mod.ts";
import type { OpenedWay } from "./open_way.ts";
import type { PeerStats } from "./peer.ts";
import { type StartTimer, startTimer } from "./start_timer.ts";

/** Time between attempts at two addresses, and for all of them, in milliseconds. */
const NEXT_MS = 250;
const OPEN_MS = 5_000;

/**
 * Whether this page's policy forbids the connection. A policy cannot name the host's address beforehand, only
 * allow `https:`, and each further attempt would be an error in the console.
 */
let isForbidden = false;

/** An open channel. */
export interface OpenedQuic extends OpenedWay {
  channel: Channel;
  /** Resolves when it has ended, whichever end ended it. */
  closed: Promise<unknown>;
}

/** The parts of the browser that {@linkcode openQuic} uses. */
export interface QuicPlatform {
  /** Begins a connection. */
  connect: (address: string, hash: Uint8Array<ArrayBuffer>) => QuicTransport;
  /** Which of a host's addresses this page may reach without a question. */
  permitted: (addresses: string[]) => Promise<string[]>;
  startTimer: StartTimer;
}

/** The parts of a WebTransport that are used here. */
export type QuicTransport = Pick<
  WebTransport,
  "ready" | "closed" | "createBidirectionalStream" | "close"
>;

const BROWSER: QuicPlatform = { connect, permitted, startTimer };

/**
 * Opens a channel at the first address that answers.
 *
 * @param signal Ends the attempt.
 * @param count Streams that its messages are spread over. @default all that a channel may have
 * @param platform @default the browser's
 * @throws {LighthouseError} `connection-failed` if none answers in time, or the browser has no WebTransport;
 * the signal's reason when aborted.
 */
export async function openQuic(
  way: QuicWay,
  signal: AbortSignal,
  count: number = MAX_STRIPES,
  { connect, permitted, startTimer }: QuicPlatform = BROWSER,
): Promise<OpenedQuic> {
  const opened: QuicTransport[] = [];
  const stopTimers: (() => void)[] = [];
  const wait = (ms: number) =>
    new Promise<void>((resolve) => stopTimers.push(startTimer(ms, resolve)));
  const end = Promise.withResolvers<never>();
  const abort = () => end.reject(signal.reason);
  signal.addEventListener("abort", abort);
  try {
    signal.throwIfAborted();
    const addresses = await Promise.race([permitted(way.addresses), end.promise]);
    if (addresses.length === 0) throw new Error("This page may reach none of the host's addresses");
    const ready = addresses.map(async (address, index) => {
      if (index > 0) await wait(index * NEXT_MS);
      const transport = connect(address, way.hash);
      opened.push(transport);
      await transport.ready;
      return transport;
    });
    const late = wait(OPEN_MS).then(() => {
      throw new Error("The host does not answer over QUIC");
    });
    const first = await Promise.race([Promise.any(ready), end.promise, late]);
    const streams = await Promise.race([openStreams(first, way.ticket, count), end.promise, late]);
    opened.splice(opened.indexOf(first), 1);
    return openedQuic(first, streams);
  } catch (error) {
    throw signal.aborted ? signal.reason : LighthouseError.from(error, "connection-failed");
  } finally {
    signal.removeEventListener("abort", abort);
    end.promise.catch(() => {});
    // Later addresses are not tried any more.
    for (const stop of stopTimers) stop();
    for (const transport of opened) transport.close();
  }
}

function connect(address: string, hash: Uint8Array<ArrayBuffer>): QuicTransport {
  if (isForbidden) throw new Error("The page's Content-Security-Policy does not allow https:");
  const transport = new WebTransport(`https://${address}/`, {
    serverCertificateHashes: [{ algorithm: "sha-256", value: hash }],
    congestionControl: "throughput",
  });
  const note = ({ blockedURI }: SecurityPolicyViolationEvent) => {
    isForbidden ||= blockedURI.startsWith(`https://${address}`);
  };
  document.addEventListener("securitypolicyviolation", note);
  const forget = () => document.removeEventListener("securitypolicyviolation", note);
  transport.closed.catch(() => {}).then(forget);
  return transport;
}

async function openStreams(
  transport: QuicTransport,
  ticket: Uint8Array,
  count: number,
): Promise<ByteStream[]> {
  const channel = newChannelName();
  const preamble = encodePreamble({ ticket, channel, count });
  return await Promise.all(Array.from({ length: count }, async () => {
    const stream: ByteStream = await transport.createBidirectionalStream();
    const writer = stream.writable.getWriter();
    void writer.write(preamble).catch(() => {});
    writer.releaseLock();
    return stream;
  }));
}

function openedQuic(transport: QuicTransport, streams: ByteStream[]): OpenedQuic {
  let isOver = false;
  const close = () => {
    isOver = true;
    transport.close();
  };
  const channel = new StripedChannel(streams, close);
  const closed = transport.closed.catch(() => {}).then(() => {
    isOver = true;
    channel.close();
  });
  return {
    channel,
    closed,
    get isOver() {
      return isOver;
    },
    stats: (): Promise<PeerStats> => {
      const { bytesSent, bytesReceived } = channel;
      return Promise.resolve({ path: "quic", bytesSent, bytesReceived });
    },
    close: () => channel.close(),
  };
}

/**
 * The addresses that this page may reach without a question: a browser asks the user before a page of the
 * internet reaches an address of the local network, and a tunnel that works without needs no such question.
 * https://wicg.github.io/local-network-access/
 */
async function permitted(addresses: string[]): Promise<string[]> {
  if (typeof WebTransport === "undefined" || isForbidden) return [];
  if (isLocal(location.hostname) || await isAllowed()) return addresses;
  return addresses.filter((address) => !isLocal(new URL(`https://${address}`).hostname));
}

async function isAllowed(): Promise<boolean> {
  try {
    const name = "local-network" as PermissionName;
    return (await navigator.permissions.query({ name })).state === "granted";
  } catch {
    // A browser that does not know the permission may ask all the same.
    return false;
  }
}

/** Whether a host of a URL is this machine, or in its own network. */
function isLocal(host: string): boolean {
  const isAddress = /^(?:[\d.]+|\[.*\])$/.test(host);
  return isAddress
    ? isInner(host.replace(/[[\]]/g, ""))
    : /(?:^localhost|\.local(?:host)?)$/i.test(host);
}
