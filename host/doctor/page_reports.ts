// What the pages of the devices see of their networks, and how their connections came about: the newest of
// each device, for `doctor`, `status` and the log.
import type { Cause, NetworkReport } from "../../wire/mod.ts";
import { groupOf, type Taker } from "../access/shares.ts";

/** Most devices; all strangers count as one. */
const MAX_DEVICES = 64;

/** The way of a connection that has come about, or `none`. */
export type Outcome = NonNullable<NetworkReport["way"]>;

/** The newest report of a device. */
export interface PageReport {
  /** A device's id, or `strangers`. */
  id: string;
  /** Undefined for strangers. */
  name: string | undefined;
  /** When it came, in milliseconds since 1970. */
  time: number;
  /** What the page saw when it offered. */
  page: NetworkReport;
  /** How the connection has come about; undefined until then. */
  outcome?: Outcome;
  /** Whether the direct attempt has failed. */
  hasDirectFailed?: true;
  /** The cause that the log has. */
  explained?: Cause;
}

/** Keeps them. */
export class PageReports {
  readonly #now: () => number;
  /** By device, the newest at the end. */
  readonly #all = new Map<string, PageReport>();

  /** @param now Milliseconds since 1970. */
  constructor(now: () => number = Date.now) {
    this.#now = now;
  }

  /** All of them, the newest first. */
  get all(): PageReport[] {
    return [...this.#all.values()].reverse();
  }

  /** Takes the report of an offer; pages of earlier versions send none. */
  note(taker: Taker, page: NetworkReport = {}): void {
    const id = groupOf(taker);
    this.#all.delete(id);
    this.#all.set(id, { id, name: taker.name, time: this.#now(), page });
    if (this.#all.size > MAX_DEVICES) this.#all.delete(this.#all.keys().next().value!);
  }

  /** Takes what a connected page sees now. @returns Undefined where it has not offered. */
  update(taker: Taker, page: NetworkReport): PageReport | undefined {
    const report = this.#all.get(groupOf(taker));
    if (report) Object.assign(report, { page, time: this.#now() });
    return report;
  }

  /**
   * Takes how the connection of the newest offer came about. Where another way has been found before,
   * `none` says only that the direct attempt has failed.
   *
   * @param id A device's, or a stranger's.
   * @returns The device's report, if the outcome is news.
   */
  tell(id: string, outcome: Outcome): PageReport | undefined {
    const report = this.#all.get(id) ?? this.#all.get(groupOf({ id }));
    if (!report || report.outcome === outcome) return undefined;
    if (outcome === "none") report.hasDirectFailed = true;
    if (outcome !== "none" || !report.outcome) report.outcome = outcome;
    return report;
  }

  /** Forgets a device. */
  forget(id: string): void {
    this.#all.delete(id);
  }
}
