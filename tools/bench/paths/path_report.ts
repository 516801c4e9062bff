// Formats the results of `--path`: for the terminal, and as a table of the documents.
import type { BrowserName } from "../../browser.ts";
import { formatCheck, formatRatio, formatTable, TITLES } from "../report.ts";
import { PATH_LIMITS } from "./limits.ts";
import { pathChecksOf } from "./path_targets.ts";
import { BENCH_PATHS, type PathName, PATHS } from "./paths.ts";
import type { PathFigures, PathResult, PathResults } from "./results.ts";

/** A figure's title, and the figure. */
type Row = [title: string, figure: (figures: PathFigures) => number | null | undefined];

const ROWS: readonly Row[] = [
  ["Download, steady, MiB/s", ({ steadyDownload }) => steadyDownload],
  ["Upload, steady, MiB/s", ({ steadyUpload }) => steadyUpload],
  ["Download, whole, MiB/s", ({ download }) => download],
  ["Upload, whole, MiB/s", ({ upload }) => upload],
  ["8 MiB, new connection, s", ({ cold }) => inSeconds(cold)],
  ["Small GET, p50, ms", ({ roundTrip }) => roundTrip?.p50],
  ["Beside a download, p50, ms", ({ loadedRoundTrip }) => loadedRoundTrip?.p50],
  ["Beside a download, p99, ms", ({ loadedRoundTrip }) => loadedRoundTrip?.p99],
  ["Blackout, first byte, s", ({ firstByte }) => inSeconds(firstByte)],
  ["Blackout, half rate, s", ({ halfRate }) => inSeconds(halfRate)],
];

const IN_TERMINAL: readonly Row[] = [
  ...ROWS,
  ["UDP packets without room", ({ udpOverflows }) => udpOverflows],
];

/** Returns a table and the targets of each path, ready to print. */
export function formatPaths({ paths }: PathResults): string {
  return PATHS.flatMap((name) => paths[name] ? [formatPath(name, paths[name])] : []).join("\n\n");
}

function formatPath(name: PathName, result: PathResult): string {
  const { tunnel, http } = result;
  const columns = [["tunnel", tunnel], ["http", http]] as const;
  const measured = columns.flatMap(([name, figures]) => figures ? [{ name, figures }] : []);
  const both = tunnel && http;
  const head = [`${name}: ${BENCH_PATHS[name].about}`, ...measured.map(({ name }) => TITLES[name])];
  const rows = IN_TERMINAL.map(([title, figure]) => [
    `  ${title}`,
    ...measured.map(({ figures }) => formatFigure(figure(figures))),
    ...both ? [formatRatio(figure(tunnel) ?? undefined, figure(http) ?? undefined)] : [],
  ]);
  const failures = measured.flatMap(({ name, figures }) =>
    figures.failures.map((failure) => `✗ ${name}: ${failure}`)
  );
  return [
    formatTable([[...head, ...both ? ["ratio"] : []], ...rows]),
    ...pathChecksOf(name, result).map(formatCheck),
    ...failures,
  ].join("\n");
}

/**
 * Returns a table in Markdown: a row for each path, with the tunnel's and plain HTTP's figure and their
 * ratio in each cell, and what limits the tunnel.
 */
export function formatPathsTable({ paths }: PathResults, browser: BrowserName): string {
  const head = ["Path", ...ROWS.map(([title]) => title), "Limit"];
  const rows = PATHS.flatMap((name) => {
    const { tunnel, http } = paths[name] ?? {};
    if (!tunnel || !http) return [];
    const cells = ROWS.map(([, figure]) => formatCell(figure(tunnel), figure(http)));
    const limit = PATH_LIMITS[browser][name] ?? "–";
    return [[`\`${name}\`: ${BENCH_PATHS[name].about}`, ...cells, limit]];
  });
  return [head, head.map(() => "---"), ...rows].map((row) => `| ${row.join(" | ")} |`).join("\n");
}

function formatCell(tunnel: number | null | undefined, http: number | null | undefined): string {
  const ratio = formatRatio(tunnel ?? undefined, http ?? undefined);
  return `${formatFigure(tunnel)} / ${formatFigure(http)} (${ratio})`;
}

/** Three digits. */
function formatFigure(value: number | null | undefined): string {
  if (value == null) return "–";
  return value >= 100 ? value.toFixed(0) : String(Number(value.toPrecision(3)));
}

function inSeconds(milliseconds: number | null): number | null {
  return milliseconds === null ? null : milliseconds / 1000;
}
