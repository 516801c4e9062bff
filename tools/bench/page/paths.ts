// In the page: transfers over a path that changes, by the tunnel or by the browser's HTTP.
import type { LighthouseTunnel } from "../../../components/mod.ts";
import { type Arrival, Timeline } from "../paths/timeline.ts";
import { payloadParts, payloadStream } from "../payload.ts";
import { offer } from "./driver.ts";
import { embed, type TunnelSettings } from "./embed.ts";
import { type Fetch, fetchCarrier } from "./fetch_carrier.ts";
import type { HttpSettings } from "./http.ts";

/** What a page gets: a tunnel, or plain HTTP. */
export type PathSettings = TunnelSettings | HttpSettings;

/** What a download gave until its time was over. Times are in milliseconds. */
export interface Received {
  /** The start, since the epoch. */
  began: number;
  arrivals: Arrival[];
  /** Small GETs beside it, one after the other. */
  beside: number[];
}

/** The functions for the run, as `globalThis.paths`. */
export interface PathsPage {
  /** Puts a new element in the place of the old one, and waits until it is connected. */
  renew(): Promise<void>;
  /** Downloads for some time. @param quiet Time without small GETs at first. @default all of it */
  receive(time: number, quiet?: number): Promise<Received>;
  /** Uploads until `stop` is called. */
  send(): Promise<void>;
  stop(): void;
}

/**
 * More than any path carries in one measurement. Firefox reads a whole body before it sends the first byte,
 * which takes some 3 s for each GiB.
 */
const ENDLESS_DOWN = 4 * 1024 ** 3;
const ENDLESS_UP = 2 * 1024 ** 3;

/** A body that is repeated needs no memory. */
const PIECE = 16 * 1024 ** 2;

let ask: Fetch;
let bodyOf: (bytes: number) => BodyInit;
let renew = () => Promise.resolve();
let sending = new AbortController();

offer(async (settings: PathSettings) => {
  if ("backend" in settings) {
    const piece = new Blob([...payloadParts(PIECE, 64 * 1024)]);
    ask = (path, init) => fetch(settings.backend + path, { ...init, cache: "no-store" });
    // HTTP/1.1 has no streamed uploads.
    bodyOf = (bytes) => new Blob(Array<Blob>(Math.ceil(bytes / PIECE)).fill(piece)).slice(0, bytes);
  } else {
    let tunnel: LighthouseTunnel | undefined;
    ask = (path, init) => tunnel!.fetch(path, init);
    bodyOf = payloadStream;
    renew = async () => {
      tunnel?.remove();
      tunnel = embed(settings);
      await tunnel.ready;
    };
    await renew();
  }
  return fetchCarrier((path, init) => ask(path, init), (bytes) => bodyOf(bytes));
});

const page: PathsPage = {
  renew: () => renew(),
  async receive(time, quiet = time) {
    const began = performance.timeOrigin + performance.now();
    const signal = AbortSignal.timeout(time);
    const timeline = new Timeline();
    const download = untilAborted(signal, async () => {
      const response = await ask(`/bench/download?bytes=${ENDLESS_DOWN}`, { signal });
      for await (const part of response.body!) timeline.add(part.length);
    });
    const [beside] = await Promise.all([smallUntilAborted(signal, quiet), download]);
    return { began, arrivals: timeline.arrivals, beside };
  },
  async send() {
    const { signal } = sending = new AbortController();
    const init = { method: "POST", body: bodyOf(ENDLESS_UP), signal };
    await untilAborted(signal, () => ask("/paths/upload", init));
  },
  stop: () => sending.abort(),
};

Object.assign(globalThis, { paths: page });

async function smallUntilAborted(signal: AbortSignal, quiet: number): Promise<number[]> {
  const times: number[] = [];
  await new Promise((resolve) => setTimeout(resolve, quiet));
  while (!signal.aborted) {
    const started = performance.now();
    await untilAborted(signal, async () => {
      await (await ask("/bench/small", { signal })).text();
      times.push(performance.now() - started);
    });
  }
  return times;
}

/** Does work that the signal aborts. @throws {Error} What else ends it. */
async function untilAborted(signal: AbortSignal, work: () => Promise<unknown>): Promise<void> {
  try {
    await work();
  } catch (error) {
    if (!signal.aborted) throw error;
  }
}
