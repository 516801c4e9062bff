// Measures the tunnel and plain HTTP over one path, in turns.
import { setTimeout as sleep } from "node:timers/promises";
import { type BenchBackend, startBenchBackend } from "../backend.ts";
import type { Contender, ContenderOptions } from "../contender.ts";
import type { LongLink } from "../long_link.ts";
import type { Limits } from "../page/driver.ts";
import type { PathsPage } from "../page/paths.ts";
import { until } from "../../testing/until.ts";
import { BENCH_PATHS, type BenchPath, type PathName } from "./paths.ts";
import { rateIn, recoveryFrom, type Span, Timeline } from "./timeline.ts";

/** Samples of one contender, one a round but for small GETs. Infinity is what did not come in time. */
export interface PathSamples {
  /** Milliseconds. */
  roundTrip: number[];
  loadedRoundTrip: number[];
  cold: number[];
  firstByte: number[];
  halfRate: number[];
  /** MiB per second. */
  download: number[];
  upload: number[];
  steadyDownload: number[];
  steadyUpload: number[];
  /** UDP packets that the browser had no room for. */
  udpOverflows: number[];
  /** What failed, with the reason. */
  failures: string[];
}

/** The sizes of a run. Times are in milliseconds. */
export interface PathSizes {
  rounds: number;
  /** Factor for the bytes of transfers. */
  scale: number;
  roundTrips: Limits;
  /** The part of a download with small GETs beside it. */
  beside: Span;
  /** The part of a transfer that is its steady state. */
  steady: Span;
  /** The part of a download that is a blackout, after the steady state. */
  blackout: Span;
  /** Time for what follows a blackout. */
  recovery: number;
}

/** A contender under measurement, with a backend of its own. */
export interface PathContender extends AsyncDisposable {
  readonly contender: Contender;
  readonly backend: BenchBackend;
  /** The upload that the backend receives. */
  readonly upload: Timeline;
}

interface Run extends PathContender {
  link: LongLink;
  path: BenchPath;
  sizes: PathSizes;
  samples: PathSamples;
}

/** Called at each measurement. */
export type OnPathProgress = (round: number, measurement: string, name: string) => void;

/** The interface of the page's script. */
declare const paths: PathsPage;

const MiB = 1024 ** 2;

/** Bytes of a download over a new connection. */
const COLD = 8 * MiB;

/** Longest time for a transfer of known length, and a pause after one that was ended early. */
const PATIENCE_MS = 90_000;
const PAUSE_MS = 1000;

const MEASUREMENTS: Record<string, (run: Run) => Promise<void>> = {
  async "a download over a new connection"(run) {
    const { contender: { page }, backend, samples, sizes } = run;
    // The browser's connections end, so the next request makes a new one; the tunnel makes a new one itself.
    backend.server.closeIdleConnections();
    await sleep(PAUSE_MS);
    await inTime(page.tab.evaluate(() => paths.renew()));
    samples.cold.push(await inTime(page.run("download", COLD * sizes.scale)));
  },
  async "small requests"({ contender: { page }, samples, sizes }) {
    samples.roundTrip.push(...await inTime(page.run("roundTrips", sizes.roundTrips)));
  },
  download: (run) => transfer(run, "download"),
  upload: (run) => transfer(run, "upload"),
  async "small requests beside a download"({ contender: { page: { tab } }, samples, sizes }) {
    const { from, until } = sizes.beside;
    const { beside } = await inTime(
      tab.evaluate((time, quiet) => paths.receive(time, quiet), until, from),
    );
    samples.loadedRoundTrip.push(...beside);
    await sleep(PAUSE_MS);
  },
  async "a long upload"({ contender: { page: { tab } }, upload, samples, sizes: { steady } }) {
    upload.restart();
    const sent = inTime(tab.evaluate(() => paths.send()));
    await Promise.race([sent, until(() => upload.arrivals.length > 0)]);
    await sleep(steady.until);
    await tab.evaluate(() => paths.stop());
    await sent;
    samples.steadyUpload.push(rateIn(upload.arrivals, steady));
    await sleep(PAUSE_MS);
  },
  async "a long download with a blackout"({ contender: { page: { tab } }, link, samples, sizes }) {
    const { steady, blackout: { from, until }, recovery } = sizes;
    const pending = inTime(tab.evaluate((time) => paths.receive(time), until + recovery));
    pending.catch(() => {}); // it is awaited later
    await sleep(from);
    const at = performance.timeOrigin + performance.now();
    await link.set({ blackout: until - from });
    const { began, arrivals } = await pending;
    const cut = { from: at - began, until: at - began + until - from };
    const { firstByte = Infinity, halfRate = Infinity } = recoveryFrom(arrivals, cut);
    samples.steadyDownload.push(rateIn(arrivals, steady));
    samples.firstByte.push(firstByte);
    samples.halfRate.push(halfRate);
    await sleep(PAUSE_MS);
  },
};

/** Opens a contender, with a backend that notes when an upload's bytes arrive. */
export async function openPathContender(
  open: (options: ContenderOptions) => Promise<Contender>,
): Promise<PathContender> {
  await using stack = new AsyncDisposableStack();
  const upload = new Timeline();
  const backend = stack.use(
    await startBenchBackend({
      "POST /paths/upload": async (request) => {
        upload.restart();
        for await (const part of request) upload.add(part.length);
      },
    }),
  );
  const contender = stack.use(await open({ backend, script: "paths.ts" }));
  const parts = stack.move();
  return { contender, backend, upload, [Symbol.asyncDispose]: () => parts.disposeAsync() };
}

/** Measures the contenders over a path. What fails is noted, and the rest is measured. */
export async function measurePath<Name extends string>(
  name: PathName,
  contenders: ReadonlyMap<Name, PathContender>,
  { link, sizes, onProgress }: { link: LongLink; sizes: PathSizes; onProgress: OnPathProgress },
): Promise<Map<Name, PathSamples>> {
  const path = BENCH_PATHS[name];
  await link.set(path.wire);
  const samples = new Map([...contenders.keys()].map((name) => [name, noSamples()]));
  for (let round = 1; round <= sizes.rounds; round++) {
    const order = [...contenders];
    for (const [name, contender] of round % 2 ? order : order.reverse()) {
      const own = samples.get(name)!;
      const overflows = link.udpOverflows();
      for (const [measurement, measure] of Object.entries(MEASUREMENTS)) {
        onProgress(round, measurement, name);
        await measure({ ...contender, link, path, sizes, samples: own }).catch(({ message }) => {
          own.failures.push(`${measurement}: ${message}`);
        });
      }
      own.udpOverflows.push(link.udpOverflows() - overflows);
    }
  }
  return samples;
}

function noSamples(): PathSamples {
  return {
    roundTrip: [],
    loadedRoundTrip: [],
    cold: [],
    firstByte: [],
    halfRate: [],
    download: [],
    upload: [],
    steadyDownload: [],
    steadyUpload: [],
    udpOverflows: [],
    failures: [],
  };
}

async function transfer(
  { contender: { page }, path, samples, sizes }: Run,
  direction: "download" | "upload",
): Promise<void> {
  const bytes = path[direction] * sizes.scale;
  const time = await inTime(page.run(direction, bytes));
  samples[direction].push(bytes / MiB / (time / 1000));
}

async function inTime<Result>(work: Promise<Result>): Promise<Result> {
  const stop = new AbortController();
  const late = sleep(PATIENCE_MS, undefined, { signal: stop.signal }).then(() => {
    throw new Error(`it took more than ${PATIENCE_MS / 1000} s`);
  });
  late.catch(() => {});
  try {
    return await Promise.race([work, late]);
  } finally {
    stop.abort();
  }
}
