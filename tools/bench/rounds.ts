// Measures each figure of all contenders one right after the other, in several rounds. Every other round
// runs backwards, so that a machine that grows slower or faster affects all contenders.
import type { Contender, ContenderName } from "./contender.ts";
import { type Memory, MemoryWatch } from "./memory_watch.ts";
import type { Sizes } from "./plan.ts";

/** Samples of one contender, by round. Times are in milliseconds. */
export interface Samples {
  /** From the start to the first answer. */
  connect: number[];
  roundTrip: number[];
  loadedRoundTrip: number[];
  /** Requests per second, with 1, 8 and 64 under way. */
  rate1: number[];
  rate8: number[];
  rate64: number[];
  /** MiB per second. */
  download: number[];
  upload: number[];
  /** Seconds of the host's processor per GiB. */
  downloadCpu: number[];
  uploadCpu: number[];
  hostMemory: Memory | undefined;
  pageMemory: Memory;
}

/** Reports progress: the contender and the current measurement. */
export type OnProgress = (round: number, measurement: string, name: ContenderName) => void;

const MiB = 1024 * 1024;

/** A contender under measurement. */
interface Entry {
  name: ContenderName;
  contender: Contender;
  samples: Samples;
  memory: MemoryWatch;
}

type Measurement = (entry: Entry, sizes: Sizes) => Promise<void>;

const MEASUREMENTS: Record<string, Measurement> = {
  async connect({ contender, samples }, { connects }) {
    for (let i = 0; i < connects; i++) {
      const time = await contender.page.run("connect");
      if (time !== undefined) samples.connect.push(time);
    }
  },
  async "small requests"({ contender: { page }, samples }, { roundTrips, rateTime }) {
    samples.roundTrip.push(...await page.run("roundTrips", roundTrips));
    samples.rate1.push(await page.run("rate", 1, rateTime));
    samples.rate8.push(await page.run("rate", 8, rateTime));
    samples.rate64.push(await page.run("rate", 64, rateTime));
  },
  download: (entry, sizes) => transfer(entry, "download", sizes.bytes),
  upload: (entry, sizes) => transfer(entry, "upload", sizes.bytes),
  async "small requests while downloading"({ contender, samples }, { bytes }) {
    samples.loadedRoundTrip.push(
      ...await contender.page.run("roundTripsWhileDownloading", bytes),
    );
  },
};

/** Measures all contenders. */
export async function runRounds(
  contenders: ReadonlyMap<ContenderName, Contender>,
  sizes: Sizes,
  onProgress: OnProgress,
): Promise<Map<ContenderName, Samples>> {
  const entries = await Promise.all(
    [...contenders].map(([name, contender]) => entryOf(name, contender)),
  );
  for (let round = 0; round <= sizes.rounds; round++) {
    for (const [measurement, measure] of Object.entries(MEASUREMENTS)) {
      for (const entry of round % 2 ? entries : entries.toReversed()) {
        onProgress(round, measurement, entry.name);
        // Round 0 warms up: compilers, congestion windows, the relay's Lambda.
        const isWarmUp = round === 0;
        await measure(
          isWarmUp ? { ...entry, samples: noSamples(entry.memory) } : entry,
          isWarmUp ? { ...sizes, bytes: sizes.bytes / 8, connects: 1 } : sizes,
        );
      }
    }
  }
  return new Map(entries.map(({ name, samples }) => [name, samples]));
}

async function entryOf(name: ContenderName, contender: Contender): Promise<Entry> {
  const memory = await MemoryWatch.of(contender);
  return { name, contender, memory, samples: noSamples(memory) };
}

function noSamples(memory: MemoryWatch): Samples {
  return {
    connect: [],
    roundTrip: [],
    loadedRoundTrip: [],
    rate1: [],
    rate8: [],
    rate64: [],
    download: [],
    upload: [],
    downloadCpu: [],
    uploadCpu: [],
    hostMemory: memory.host,
    pageMemory: memory.page,
  };
}

async function transfer(
  { contender, samples, memory }: Entry,
  direction: "download" | "upload",
  bytes: number,
): Promise<void> {
  const before = contender.hostCost();
  const time = await memory.during(contender.page.run(direction, bytes));
  const after = contender.hostCost();
  samples[direction].push(bytes / MiB / (time / 1000));
  if (!before || !after) return;
  samples[`${direction}Cpu`].push((after.cpu - before.cpu) / (bytes / MiB / 1024));
}
