// Formats the results: a table, the targets, and the machine.
import type { Connects } from "./connects.ts";
import { type ContenderName, CONTENDERS } from "./contender.ts";
import { median, percentile } from "./measure.ts";
import type { Figures, Results } from "./results.ts";
import type { Resumed } from "./resume.ts";
import type { Check } from "./targets.ts";

/** The contenders' names in the report. */
export const TITLES: Record<ContenderName, string> = {
  raw: "raw channel",
  tunnel: "tunnel",
  peerjs: "PeerJS",
  http: "plain HTTP",
};

const MiB = 1024 * 1024;

/** A row's label, its figure, and its number of decimals. */
type Row = [label: string, figure: (figures: Figures) => number | undefined, digits: number];

const ROWS: Row[] = [
  ["Download, MiB/s", ({ download }) => download.median, 1],
  ["Upload, MiB/s", ({ upload }) => upload.median, 1],
  ["Small GET, p50, ms", ({ roundTrip }) => roundTrip.p50, 2],
  ["Small GET, p99, ms", ({ roundTrip }) => roundTrip.p99, 2],
  ["  while downloading, p50, ms", ({ loadedRoundTrip }) => loadedRoundTrip.p50, 2],
  ["  while downloading, p99, ms", ({ loadedRoundTrip }) => loadedRoundTrip.p99, 2],
  ["Requests/s, 1 at once", ({ rate1 }) => rate1.median, 0],
  ["Requests/s, 8 at once", ({ rate8 }) => rate8.median, 0],
  ["Requests/s, 64 at once", ({ rate64 }) => rate64.median, 0],
  ["Connect to first answer, ms", ({ connect }) => connect?.median, 0],
  ["Host's CPU, download, s/GiB", ({ downloadCpu }) => downloadCpu?.median, 1],
  ["Host's CPU, upload, s/GiB", ({ uploadCpu }) => uploadCpu?.median, 1],
  ["Host's memory, idle, MiB", ({ hostMemory }) => hostMemory && hostMemory.idle / MiB, 0],
  ["  over idle at most, MiB", ({ hostMemory }) => hostMemory && growth(hostMemory), 0],
  ["Page's heap, idle, MiB", ({ pageMemory }) => pageMemory.idle / MiB, 0],
  ["  over idle at most, MiB", ({ pageMemory }) => growth(pageMemory), 0],
];

function growth({ idle, peak }: { idle: number; peak: number }): number {
  return (peak - idle) / MiB;
}

/** Returns the table, the targets and the machine, ready to print. */
export function formatReport(results: Results, checks: readonly Check[]): string {
  const { machine, plan, date } = results;
  const versions = Object.entries(machine.versions).map((entry) => entry.join(" ")).join(", ");
  const link = plan.rtt ? `a wire of ${plan.rtt} ms round trip` : "loopback";
  return [
    formatTable(tableOf(results)),
    "",
    ...plan.quick
      ? ["A quick trial: too little was measured to judge by."]
      : checks.map(formatCheck),
    ...results.connects ? ["", ...formatConnects(results.connects)] : [],
    ...results.resumed ? ["", ...formatCuts(results.resumed)] : [],
    "",
    `Over ${link}, ${plan.bytes / MiB} MiB a transfer, medians of ${plan.rounds}.`,
    `${machine.cpu}, ${machine.cores} cores, ${machine.memory} GiB, ${machine.system}`,
    `${versions}; commit ${machine.commit ?? "unknown"}; ${date}`,
  ].join("\n");
}

/** Returns rows of cells; the first row is the head. */
function tableOf({ contenders }: Results): string[][] {
  const names = CONTENDERS.filter((name) => contenders[name]);
  const { raw, tunnel } = contenders;
  const head = ["", ...names.map((name) => TITLES[name]), ...raw && tunnel ? ["tunnel ÷ raw"] : []];
  const rows = ROWS.map(([label, figure, digits]) => {
    const cell = (figures: Figures) => figure(figures)?.toFixed(digits) ?? "–";
    const row = [label, ...names.map((name) => cell(contenders[name]!))];
    if (raw && tunnel) row.push(formatRatio(figure(tunnel), figure(raw)));
    return row;
  });
  return [head, ...rows];
}

/** A ratio to two decimals. */
export function formatRatio(value: number | undefined, base: number | undefined): string {
  return value === undefined || !base ? "–" : (value / base).toFixed(2);
}

/** Pads cells to columns. */
export function formatTable(rows: string[][]): string {
  const widths = rows[0]!.map((_, column) => Math.max(...rows.map((row) => row[column]!.length)));
  return rows.map((row) =>
    row.map((cell, column) =>
      column === 0 ? cell.padEnd(widths[column]!) : cell.padStart(widths[column]!)
    ).join("   ").trimEnd()
  ).join("\n");
}

/** Lists the medians of connects, and of the signalling beside them. */
function formatConnects({ signalling, newDevice, knownDevice }: Connects): string[] {
  const line = (what: string, times: number[]) => `  ${what}: ${median(times).toFixed(0)} ms`;
  return [
    "From a new element to its first answer, medians:",
    line("a device that the host does not know", newDevice),
    line("a known device", knownDevice),
    line("a WebSocket to the relay and an answer of the host, beside them", signalling),
  ];
}

/** Lists how long the download stalled, by kind of cut. */
function formatCuts({ floor, gaps, seed }: Resumed): string[] {
  const line = (what: string, times: number[]) => {
    const [p50, p95] = [50, 95].map((percent) => percentile(times, percent).toFixed(0));
    return `  ${what}: p50 ${p50} ms, p95 ${p95} ms, ${times.length} times`;
  };
  const kinds = [...new Set(gaps.map(({ kind }) => kind))].sort();
  return [
    `Without a byte after a cut (seed ${seed}), a connect taking ${median(floor).toFixed(0)} ms:`,
    line("any", gaps.map(({ gap }) => gap)),
    ...kinds.map((kind) =>
      line(kind, gaps.filter((each) => each.kind === kind).map(({ gap }) => gap))
    ),
  ];
}

/** A line with a target and its result. */
export function formatCheck({ what, value, limit, is, unit, isMet }: Check): string {
  const figures = `${round(value)} (at ${is} ${round(limit)}${unit && ` ${unit}`})`;
  return `${isMet ? "✓" : "✗"} ${what}: ${figures}`;
}

function round(value: number): string {
  return Number.isNaN(value) ? "no figure" : String(Number(value.toFixed(2)));
}
