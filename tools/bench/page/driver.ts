// In the page: measures a way to the host, whichever it is.

/** A way to the host that is being measured. Whatever fails, rejects. */
export interface Carrier {
  /** Resolves when this many bytes have arrived here, and are right. Calls `onBegin` at the first ones. */
  download(bytes: number, onBegin: () => void): Promise<void>;
  /** Resolves when the host has said that this many bytes have arrived there, and are right. */
  upload(bytes: number): Promise<void>;
  /** A small question and its answer. Any number may be under way. */
  roundTrip(): Promise<void>;
  /** Makes another connection, from nothing to its first answer. Resolves with what closes it. */
  connect?(): Promise<() => void>;
  /** As `download`, and hashes what is sent and what arrives. */
  hashedDownload?(bytes: number): Promise<Hashes>;
  /** As `upload`, and hashes what is sent and what arrives. */
  hashedUpload?(bytes: number): Promise<Hashes>;
}

/** A transfer's hashes at its two ends (`ChainHash`), which are to be equal. */
export interface Hashes {
  sent: string;
  arrived: string;
}

/** When to stop: after so many, or so many milliseconds, whichever comes first. */
export interface Limits {
  count: number;
  /** @default without a limit. Not `Infinity`: what goes to a page goes as JSON, which has none. */
  time?: number;
}

/** What a page's script offers to the bench. All times are in milliseconds. */
export class Driver {
  readonly #carrier: Carrier;

  constructor(carrier: Carrier) {
    this.#carrier = carrier;
  }

  /** Undefined if connections cannot be made. */
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

  /** Round trips, one after the other. */
  async roundTrips({ count, time = Infinity }: Limits): Promise<number[]> {
    const all: number[] = [];
    const end = performance.now() + time;
    do all.push(await timed(() => this.#carrier.roundTrip())); while (
      all.length < count && performance.now() < end
    );
    return all;
  }

  /** Round trips, one after the other, from a download's first bytes to its last. */
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

  /** Round trips per second with so many under way at any time. */
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

/** What a page's script leaves for the bench to find. */
export interface DrivenPage<Settings> {
  start: (settings: Settings) => Promise<void>;
  driver: Driver;
}

/** Lets the bench start a way and measure it. To be called once by the page's script. */
export function offer<Settings>(open: (settings: Settings) => Promise<Carrier>): void {
  const page = globalThis as unknown as DrivenPage<Settings>;
  page.start = async (settings) => {
    page.driver = new Driver(await open(settings));
  };
}
