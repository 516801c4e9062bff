// In the page: runs transfers of all kinds through the tunnel, and observes them and their connections
// for the run with cuts.
import type { LighthouseTunnel } from "../../../components/mod.ts";
import { until } from "../../testing/until.ts";
import { ChainHash } from "../chain_hash.ts";
import { placedParts } from "../cuts/placed.ts";
import { embed, type TunnelSettings } from "./embed.ts";

/** Bytes of the two transfers. */
export interface TransferSizes {
  download: number;
  upload: number;
}

/** Results of the transfers. */
export interface Outcome {
  /** The chain hash of the download. */
  downloaded: string;
  /** The backend's hash of the upload. */
  uploaded: string;
  /** Received events, and the number of those out of order. */
  events: { count: number; misplaced: number };
  /** Numbers received over the WebSocket, the number of those out of order, and the counts. */
  socket: { sent: number; received: number; misplaced: number; end: string; code: number };
}

/** Ways to end connections from the page: with or without a notice to the host. */
export type PageCut = "closes its channel" | "closes its connection";

/** The functions for the run, as `globalThis.resume`. Times are those of `performance.now()`. */
export interface ResumePage {
  /** Connects another element. Resolves with its time to the first answer, in milliseconds. */
  connect(): Promise<number>;
  /** Begins all transfers. */
  begin(sizes: TransferSizes): void;
  /** Resolves when the download has reached that byte, or ended. */
  reach(bytes: number): Promise<void>;
  /** Cuts all connections. @returns The time. */
  cut(how?: PageCut): number;
  /**
   * Resolves with the longest time without a byte since `time`, once bytes arrive over a newer
   * connection.
   */
  gapSince(time: number): Promise<number>;
  /** Resolves when all transfers have ended. */
  readonly outcome: Promise<Outcome>;
}

/** The run's function: returns the port of a wire to the host's address. */
declare const wireTo: (address: string, port: number) => Promise<number>;

/** A peer connection of the page. */
interface Line {
  connection: RTCPeerConnection;
  channel?: RTCDataChannel;
  /** Time at which the channel opened. */
  opened?: number;
}

const lines: Line[] = [];

/** Records connections, and routes each through a wire: neither end learns another address. */
globalThis.RTCPeerConnection = class extends RTCPeerConnection {
  readonly #line: Line = { connection: this };

  constructor(settings?: RTCConfiguration) {
    super(settings);
    lines.push(this.#line);
  }

  override createDataChannel(label: string, options?: RTCDataChannelInit): RTCDataChannel {
    const channel = super.createDataChannel(label, options);
    channel.addEventListener("open", () => this.#line.opened = performance.now());
    return this.#line.channel = channel;
  }

  override get localDescription(): RTCSessionDescription | null {
    const description = super.localDescription;
    if (!description) return null;
    const sdp = description.sdp.replace(/^a=candidate:.*\r\n/gm, "");
    return new RTCSessionDescription({ type: description.type, sdp });
  }

  override async setRemoteDescription(description: RTCSessionDescriptionInit): Promise<void> {
    // Component, protocol, priority, address and port of a candidate (RFC 8839 §5.1).
    const candidates = /^(a=candidate:\S+ 1 UDP \d+) (\d+\.\d+\.\d+\.\d+) (\d+) typ host.*$/gm;
    const [[line, start, address, port] = []] = [...description.sdp!.matchAll(candidates)];
    if (!line) throw new Error("Cannot lead the connection through a wire: no address is IPv4");
    const wire = await wireTo(address!, Number(port));
    const sdp = description.sdp!.replace(/^a=candidate:.*\r\n/gm, "")
      .replace(/^a=mid:.*\r\n/m, `$&${start} ${address} ${wire} typ host\r\n`);
    await super.setRemoteDescription({ type: description.type, sdp });
  }
};

let tunnel: LighthouseTunnel;
/** Arrivals of the download: times, and numbers of bytes by then. */
const arrivals: { at: number; bytes: number }[] = [];
let hasEnded = false;

const page: ResumePage = {
  async connect() {
    const started = performance.now();
    const another = embed(settings);
    await (await another.fetch("/bench/small")).text();
    const took = performance.now() - started;
    another.remove();
    return took;
  },
  begin(sizes) {
    outcome.resolve(transfer(sizes));
  },
  async reach(bytes) {
    await until(() => hasEnded || (arrivals.at(-1)?.bytes ?? 0) >= bytes);
  },
  cut(how) {
    for (const { connection, channel } of how ? lines : []) {
      if (how === "closes its channel") channel?.close();
      else connection.close();
    }
    return performance.now();
  },
  async gapSince(time) {
    const isBack = () =>
      lines.some(({ opened = 0 }) => opened > time && arrivals.at(-1)!.at > opened);
    await until(() => hasEnded || isBack());
    let longest = 0;
    for (let at = arrivals.length - 1; at > 0 && arrivals[at]!.at > time; at--) {
      longest = Math.max(longest, arrivals[at]!.at - arrivals[at - 1]!.at);
    }
    return longest;
  },
  get outcome() {
    return outcome.promise;
  },
};
const outcome = Promise.withResolvers<Outcome>();
let settings: TunnelSettings;

async function start(given: TunnelSettings): Promise<void> {
  settings = given;
  tunnel = embed(settings, "./sw.js");
  await tunnel.ready;
}

Object.assign(globalThis, { start, resume: page });

async function transfer(sizes: TransferSizes): Promise<Outcome> {
  const events = listen();
  const socket = chat();
  const [downloaded, uploaded] = await Promise.all([
    download(sizes.download),
    upload(sizes.upload),
  ]);
  return { downloaded, uploaded, events: events(), socket: await socket() };
}

async function download(bytes: number): Promise<string> {
  const hash = new ChainHash();
  const response = await tunnel.fetch(`/placed?bytes=${bytes}`);
  let received = 0;
  try {
    for await (const part of response.body!) {
      received += part.length;
      arrivals.push({ at: performance.now(), bytes: received });
      await hash.add(part);
    }
  } finally {
    hasEnded = true;
  }
  return await hash.end();
}

async function upload(bytes: number): Promise<string> {
  const parts = placedParts(bytes);
  const body = new ReadableStream<Uint8Array<ArrayBuffer>>({
    pull(controller) {
      const { value } = parts.next();
      if (value) controller.enqueue(value);
      else controller.close();
    },
  }, { highWaterMark: 0 });
  return await (await tunnel.fetch("/hash", { method: "POST", body })).text();
}

/** Listens to events by a plain URL. @returns A function that ends it. */
function listen(): () => Outcome["events"] {
  let [count, misplaced] = [0, 0];
  const source = new EventSource("./local/events");
  source.onmessage = ({ data }) => {
    if (Number(data) !== count++) misplaced++;
  };
  return () => {
    source.close();
    return { count, misplaced };
  };
}

/** Exchanges numbers over a WebSocket. @returns A function that ends it. */
function chat(): () => Promise<Outcome["socket"]> {
  const result: Outcome["socket"] = { sent: 0, received: 0, misplaced: 0, end: "", code: 0 };
  const socket = tunnel.socket("/numbers");
  const timer = setInterval(() => {
    if (socket.readyState === WebSocket.OPEN) socket.send(String(result.sent++));
  }, 20);
  socket.onmessage = ({ data }) => {
    if (data.startsWith("end")) result.end = data;
    else if (Number(data) !== result.received++) result.misplaced++;
  };
  return async () => {
    clearInterval(timer);
    socket.send("end");
    const { code } = await new Promise<CloseEvent>((resolve) => socket.onclose = resolve);
    return { ...result, code };
  };
}
