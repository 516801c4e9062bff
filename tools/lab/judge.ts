// Whether a case came out as it should.
import type { LabCase, LabWay } from "./cases.ts";
import type { LabResult } from "./lab.ts";

/** The ways, the best first. */
const WAYS: readonly LabWay[] = ["direct", "mapped", "turn", "relayed"];

/** Options of {@linkcode faultsOf}. */
export interface JudgeOptions {
  /** Whether there is a TURN server. */
  turn: boolean;
  /** Limit from the element's start to the first answer, in milliseconds. @default 3000 */
  limit?: number;
}

/**
 * What is wrong with a result; nothing if the page connected in time by the best way that exists there, both
 * as a new device and as a known one, and lost nothing.
 */
export function faultsOf(
  result: LabResult,
  labCase: LabCase,
  { turn, limit = 3_000 }: JudgeOptions,
): string[] {
  const { first, known, last, download, recovery, error } = result;
  if (error) return [error];
  const faults: string[] = [];
  const wanted = wantedWays(labCase, turn);
  const check = (what: string, way: LabWay, best: LabWay) => {
    if (!isAsGood(way, best)) faults.push(`${what}: ${way}, not ${best}`);
  };
  for (const [what, dial] of Object.entries({ new: first, known })) {
    if (!dial) continue;
    if (dial.ms > limit) faults.push(`${what}: ${dial.ms} ms, not within ${limit}`);
    check(what, dial.moved?.way ?? dial.way, wanted.connect);
  }
  if (!known) return [...faults, "no second connect"];
  check("at the end", last, wanted.last);
  if (download && !download.isExact) {
    faults.push(`wrong after ${download.bytes} bytes ${download.error ?? ""}`.trim());
  }
  if (!download && recovery === undefined) faults.push("no answer afterwards");
  return faults;
}

/**
 * The worst ways that count as right, for a connect and at the end. When the network changes, WebRTC moves to
 * the TURN server by itself where there is one, and stays there until the next connect.
 */
export function wantedWays({ best, then, last = best }: LabCase, turn: boolean) {
  const change = then !== undefined && then !== "idle" && then !== "pages";
  return {
    connect: turn && best === "relayed" ? "turn" : best,
    last: turn && (last === "relayed" || change) ? "turn" : last,
  } as const satisfies Record<string, LabWay>;
}

/** Whether a way is at least as good as another. */
export function isAsGood(way: LabWay, best: LabWay): boolean {
  return way !== "none" && WAYS.indexOf(way) <= WAYS.indexOf(best);
}
