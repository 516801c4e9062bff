// In the page: measures a path to the host.

/** A path to the host under measurement. Its promises reject on any failure. */
export interface Carrier {
  /** Resolves when `bytes` right bytes have arrived here. Calls `onBegin` at the first ones. */
  download(bytes: number, onBegin: () => void): Promise<void>;
  /** Resolves when the host has confirmed `bytes` right bytes. */
  upload(bytes: number): Promise<void>;
  /** A small request and its answer. Any number may be under way. */
  roundTrip(): Promise<void>;
  /** Makes another connection, up to its first answer. Resolves with a function that closes it. */
  connect?(): Promise<() => void>;
  /** Like `download`, and hashes the sent and the received bytes. */
  hashedDownload?(bytes: number): Promise<Hashes>;
  /** Like `upload`, and hashes the sent and the received bytes. */
  hashedUpload?(bytes: number): Promise<Hashes>;
}

/** A transfer's hashes at its two ends (`ChainHash`), which must be equal. */
export interface Hashes {
  sent: string;
  arrived: string;
}

/** Limits: a count, or a time in milliseconds, whichever comes first. */
export interface Limits {
  count: number;
  /** @default no limit. Not `Infinity`, which JSON cannot carry to a page. */
  time?: number;
}

/** The interface of a page's script for the bench. Times are in milliseconds. */
export class Driver {
  readonly #carrier: Carrier;

  constructor(carrier: Carrier) {
    this.#carrier = carrier;
  }

  /** Undefined if the path cannot make further connections. */
  async connect(): Promise<number | undefined> {
    const started = performance.now();
    const close = await this.#carrier.connect?.();
    const took = performance.now() - started;
    close?.();
    return close && took;
  }

  async download(bytes: number): Promise<number> {
    return await timed(() => this.#carrier.download(bytes, () => {}));
  }

  async upload(bytes: number): Promise<number> {
    return await timed(() => this.#carrier.upload(bytes));
  }

  async hashedDownload(bytes: number): Promise<Hashes> {
    return await this.#carrier.hashedDownload!(bytes);
  }

  async hashedUpload(bytes: number): Promise<Hashes> {
    return await this.#carrier.hashedUpload!(bytes);
  }

  /** Makes round trips one after the other. */
  async roundTrips({ count, time = Infinity }: Limits): Promise<number[]> {
    const all: number[] = [];
    const end = performance.now() + time;
    do all.push(await timed(() => this.#carrier.roundTrip())); while (
      all.length < count && performance.now() < end
    );
    return all;
  }

  /** Makes round trips one after the other, from a download's first bytes to its last. */
  async roundTripsWhileDownloading(bytes: number): Promise<number[]> {
    const begun = Promise.withResolvers<void>();
    let isOver = false;
    const download = this.#carrier.download(bytes, begun.resolve).finally(() => isOver = true);
    await Promise.race([begun.promise, download]);
    const all: number[] = [];
    do all.push(await timed(() => this.#carrier.roundTrip())); while (!isOver);
    await download;
    return all;
  }

  /** Counts round trips per second, with `parallel` under way at any time. */
  async rate(parallel: number, time: number): Promise<number> {
    const started = performance.now();
    let done = 0;
    await Promise.all(Array.from({ length: parallel }, async () => {
      do {
        await this.#carrier.roundTrip();
        done++;
      } while (performance.now() < started + time);
    }));
    return done / (performance.now() - started) * 1000;
  }
}

async function timed(work: () => Promise<void>): Promise<number> {
  const started = performance.now();
  await work();
  return performance.now() - started;
}

/** The globals of a page's script. */
export interface DrivenPage<Settings> {
  start: (settings: Settings) => Promise<void>;
  driver: Driver;
}

/** Lets the bench open a path and measure it. The page's script calls it once. */
export function offer<Settings>(open: (settings: Settings) => Promise<Carrier>): void {
  const page = globalThis as unknown as DrivenPage<Settings>;
  page.start = async (settings) => {
    page.driver = new Driver(await open(settings));
  };
}
