// When the bytes of a transfer arrived, and the figures of that. Runs in pages, too.

/** Milliseconds since the transfer's start, and the number of bytes that had arrived by then. */
export type Arrival = [at: number, bytes: number];

/** A time in a transfer, in milliseconds since its start. */
export interface Span {
  from: number;
  until: number;
}

/** Milliseconds since the end of a blackout; undefined for what did not come. */
export interface Recovery {
  /** To the first byte. */
  firstByte: number | undefined;
  /** To the end of the first half second with half of the bytes of one before the blackout. */
  halfRate: number | undefined;
}

const MiB = 1024 ** 2;

/** Time before a blackout that counts as usual, and time over which a rate is taken after it. */
const USUAL_MS = 2000;
const RATE_MS = 500;

/** Notes arrivals, one a millisecond at most. */
export class Timeline {
  readonly arrivals: Arrival[] = [];
  #started = performance.now();

  /** Forgets all, and starts now. */
  restart(): void {
    this.arrivals.length = 0;
    this.#started = performance.now();
  }

  add(bytes: number): void {
    const at = Math.floor(performance.now() - this.#started);
    const last = this.arrivals.at(-1);
    const sum = (last?.[1] ?? 0) + bytes;
    if (last?.[0] === at) last[1] = sum;
    else this.arrivals.push([at, sum]);
  }
}

/** MiB per second in a span. */
export function rateIn(arrivals: readonly Arrival[], { from, until }: Span): number {
  const bytes = bytesAt(arrivals, until) - bytesAt(arrivals, from);
  return bytes / MiB / (until - from) * 1000;
}

/** How a transfer went on after a blackout. */
export function recoveryFrom(arrivals: readonly Arrival[], { from, until }: Span): Recovery {
  const usual = rateIn(arrivals, { from: from - USUAL_MS, until: from });
  const after = arrivals.filter(([at]) => at > until).map(([at]) => at);
  const isBack = (at: number) => rateIn(arrivals, { from: at - RATE_MS, until: at }) >= usual / 2;
  const sinceEnd = (at: number | undefined) => at === undefined ? undefined : at - until;
  return { firstByte: sinceEnd(after[0]), halfRate: sinceEnd(after.find(isBack)) };
}

/** Bytes that had arrived by a time. */
function bytesAt(arrivals: readonly Arrival[], time: number): number {
  return arrivals.findLast(([at]) => at <= time)?.[1] ?? 0;
}
