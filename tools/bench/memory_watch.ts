// Measures how far a contender's memory rises above its idle level.
import type { Contender } from "./contender.ts";

/** Bytes of memory. */
export interface Memory {
  /** After the connect, at rest. */
  idle: number;
  /** The largest sample. */
  peak: number;
}

const INTERVAL_MS = 100;

/** Samples both ends' memory. */
export class MemoryWatch {
  /** Resident memory of the host's process; undefined if it cannot be read. */
  readonly host: Memory | undefined;
  /** The page's heap, garbage included. */
  readonly page: Memory;
  readonly #contender: Contender;

  private constructor(contender: Contender, host: number | undefined, page: number) {
    this.#contender = contender;
    if (host !== undefined) this.host = { idle: host, peak: host };
    this.page = { idle: page, peak: page };
  }

  /** Takes the current memory as idle. */
  static async of(contender: Contender): Promise<MemoryWatch> {
    await contender.page.collectGarbage();
    const page = await contender.page.heap();
    return new MemoryWatch(contender, contender.hostCost()?.memory, page);
  }

  /** Samples until the work ends. */
  async during<Result>(work: Promise<Result>): Promise<Result> {
    let isOver = false;
    const [result] = await Promise.all([
      work.finally(() => isOver = true),
      this.#watch(() => isOver),
    ]);
    return result;
  }

  async #watch(isOver: () => boolean): Promise<void> {
    while (!isOver()) {
      this.page.peak = Math.max(this.page.peak, await this.#contender.page.heap());
      const cost = this.#contender.hostCost();
      if (cost && this.host) this.host.peak = Math.max(this.host.peak, cost.memory);
      await new Promise((resolve) => setTimeout(resolve, INTERVAL_MS));
    }
  }
}
