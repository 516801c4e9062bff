// What the pages of the devices see of their networks, and how their connections came about: the newest of
// each device, for `doctor`, `status` and the log.
import { CAUSES, CURES, diagnose, type NetworkReport, type Verdict } from "../../wire/mod.ts";
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
  /** `way`: of the connection since, or else of the one before it. */
  page: NetworkReport;
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

  /** Takes how the connection of the newest offer came about. */
  tell(taker: Taker, way: Outcome): void {
    const report = this.#all.get(groupOf(taker));
    if (report) report.page = { ...report.page, way };
  }

  /** Forgets a device. */
  forget(id: string): void {
    this.#all.delete(id);
  }

  /** What decides the way of a device's connection. @param host The host's own report. */
  verdict(taker: Taker, host: NetworkReport): Verdict {
    return diagnose(this.#all.get(groupOf(taker))?.page, host);
  }
}

/** A verdict in one line, in the words that the page has for it. */
export function describeVerdict({ cause, cures }: Verdict): string {
  const [cure] = cures;
  return cure ? `${CAUSES[cause]}. ${CURES[cure]}` : CAUSES[cause];
}
