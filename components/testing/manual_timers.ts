// Timers that run out when a test says so.
import type { StartTimer } from "../connection/start_timer.ts";

/** What has been started, and neither run out nor been cancelled. */
export class ManualTimers {
  readonly #running = new Set<{ ms: number; run: () => void }>();

  /** Durations in milliseconds, in the order of their start. */
  get running(): number[] {
    return [...this.#running].map(({ ms }) => ms);
  }

  readonly start: StartTimer = (ms, run) => {
    const timer = { ms, run };
    this.#running.add(timer);
    return () => void this.#running.delete(timer);
  };

  /** Lets the first timer of a duration run out. @throws {Error} If there is none. */
  expire(ms: number): void {
    const timer = [...this.#running].find((each) => each.ms === ms);
    if (!timer) throw new Error(`No timer of ${ms} ms is running, but ${this.running.join(", ")}`);
    this.#running.delete(timer);
    timer.run();
  }
}
