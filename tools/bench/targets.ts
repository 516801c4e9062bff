// The tunnel's targets, and a run's results against them.
import { leaked } from "./leaks.ts";
import { median, percentile } from "./measure.ts";
import type { Results } from "./results.ts";
import type { Resumed } from "./resume.ts";

/** One target and its result. */
export interface Check {
  /** The target, such as `Download ÷ raw channel's`. */
  what: string;
  /** The result, in the limit's unit. */
  value: number;
  limit: number;
  /** Whether the limit is a lower or an upper bound. */
  is: "least" | "most";
  unit: string;
  isMet: boolean;
}

const MiB = 1024 * 1024;

/** Judges a run by all targets whose figures it has. */
export function checksOf(
  {
    contenders,
    plan,
    backendTime,
    sealing,
    coldStart,
    connects,
    firstPages,
    soak,
    leaks,
    flood,
    resumed,
  }: Results,
): Check[] {
  const { raw, tunnel } = contenders;
  const checks: Check[] = [];
  const check = (is: Check["is"], what: string, value: number, limit: number, unit = "") => {
    const isMet = is === "least" ? value >= limit : value <= limit;
    checks.push({ what, value, limit, is, unit, isMet });
  };
  if (tunnel && plan.rtt === 50) {
    check("least", "Download over 50 ms", tunnel.download.median, 6, "MiB/s");
    check("least", "Upload over 50 ms", tunnel.upload.median, 8, "MiB/s");
  }
  // Over a long wire, a single channel is no reference.
  if (tunnel && raw && plan.rtt === 0) {
    const { download, upload } = raw;
    check("least", "Download ÷ raw channel's", tunnel.download.median / download.median, 0.9);
    check("least", "Upload ÷ raw channel's", tunnel.upload.median / upload.median, 0.9);
  }
  if (tunnel && raw) {
    const most = raw.roundTrip.p50 + backendTime + 1;
    check("most", "Small GET, p50 (raw + backend + 1 ms)", tunnel.roundTrip.p50, most, "ms");
  }
  if (tunnel) {
    const { roundTrip: { p50 }, loadedRoundTrip: loaded } = tunnel;
    check("most", "Small GET while downloading, p50 ÷ idle p50", loaded.p50 / p50, 5);
    check("most", "Small GET while downloading, p99 ÷ idle p50", loaded.p99 / p50, 20);
  }
  if (sealing) check("most", "Sealing and opening a connect's signals, p50", sealing.p50, 10, "ms");
  if (coldStart) check("most", "Relay, import, p50", median(coldStart.times), 60, "ms");
  if (connects) {
    const signalling = median(connects.signalling);
    const isLong = plan.rtt > 0;
    const most = isLong ? signalling + 20 : 40;
    const goal = isLong ? " (signalling + 20 ms)" : "";
    const { newDevice, knownDevice } = connects;
    check("most", `First answer, new device, p50${goal}`, median(newDevice), most, "ms");
    check("most", `First answer, known device, p50${goal}`, median(knownDevice), most, "ms");
  }
  if (firstPages) {
    const { http, app, connects } = firstPages;
    const most = 1.5 * median(http) + median(connects);
    const what = "First page of a known device, p50 (1.5 × plain HTTP + a connect)";
    check("most", what, median(app), most, "ms");
  }
  if (soak) {
    const equal = [soak.download, soak.upload].filter(({ sent, arrived }) => sent === arrived);
    check("least", "1 GiB down and up, equal hashes", equal.length, 2);
    if (soak.hostMemory) {
      const { idle, peak } = soak.hostMemory;
      check("most", "1 GiB, host's memory over idle", (peak - idle) / MiB, 48, "MiB");
    }
    const held = (soak.pageHeld - soak.pageMemory.idle) / MiB;
    check("most", "1 GiB, page's heap over idle, without garbage", held, 48, "MiB");
  }
  if (leaks) {
    const what = `${leaks.inRow} requests in a row and ${leaks.atOnce} at once, kinds that leak`;
    check("most", what, leaked(leaks).length, 0);
  }
  if (flood) {
    const { usual, flooded, forged } = flood;
    const ratio = median(flooded) / median(usual);
    check("most", `A connect during ${forged} forged offers ÷ a usual one, median`, ratio, 2);
  }
  if (resumed) {
    const { floor, gaps, cuts } = resumed;
    check("least", `${cuts} cuts: transfers as they were`, intactIn(resumed), 4, "of 4");
    const gap = percentile(gaps.map(({ gap }) => gap), 95);
    check("most", `${cuts} cuts: p95 of a gap over a connect`, gap - median(floor), 1000, "ms");
  }
  return checks;
}

/** Counts the streams that arrived whole, once and in order: download, upload, events, messages. */
function intactIn({ outcome, expected, counts }: Resumed): number {
  const { downloaded, uploaded, events, socket } = outcome;
  const end = `end ${socket.sent} ${socket.received}`;
  return [
    downloaded === expected.downloaded && counts.downloads === 1,
    uploaded === expected.uploaded && counts.uploads === 1,
    events.misplaced === 0 && counts.events === 1,
    socket.misplaced + counts.misplaced === 0 && socket.end === end && counts.sockets === 1,
  ].filter(Boolean).length;
}
