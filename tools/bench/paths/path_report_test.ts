// The report of paths, the targets, and the tables of the documents.
import { readFile } from "node:fs/promises";
import * as assert from "uvu/assert";
import { suite } from "../../testing/suite.ts";
import { durations } from "../measure.ts";
import { results as loopback } from "../testing/results.ts";
import type { PathSamples } from "./measure_path.ts";
import { withEarlier, withTable } from "./path_documents.ts";
import { formatPaths, formatPathsTable } from "./path_report.ts";
import { pathChecksOf } from "./path_targets.ts";
import { pathFiguresOf, type PathResult, type PathResults } from "./results.ts";

const test = suite("report of paths");

const SAMPLES: PathSamples = {
  roundTrip: [54, 55, 56],
  loadedRoundTrip: [80, 90, 100],
  cold: [900, 700, 800],
  firstByte: [800, 900, 1000],
  halfRate: [1500, 1600, Infinity],
  download: [20, 22, 24],
  upload: [30],
  steadyDownload: [40, 41, 42],
  steadyUpload: [50],
  udpOverflows: [0, 3, 7],
  failures: [],
};

/** The tunnel takes `factor` times plain HTTP's time. */
function resultOf(factor: number): PathResult {
  const http = pathFiguresOf(SAMPLES);
  const tunnel = {
    ...http,
    steadyDownload: http.steadyDownload! / factor,
    steadyUpload: http.steadyUpload! / factor,
    cold: http.cold! * factor,
    firstByte: http.firstByte! * factor,
    halfRate: http.halfRate! * factor,
    loadedRoundTrip: durations(SAMPLES.loadedRoundTrip.map((time) => time * factor)),
  };
  return { date: "2026-01-02T03:04:05.678Z", commit: "abc1234", rounds: 3, tunnel, http };
}

const RESULTS: PathResults = { machine: loopback().machine, paths: { long50: resultOf(1) } };

test("a figure is the median of the rounds; one that came too late in most has none", () => {
  const { cold, halfRate, roundTrip, download } = pathFiguresOf({
    ...SAMPLES,
    halfRate: [1500, Infinity, Infinity],
    download: [],
  });
  assert.equal([cold, halfRate, roundTrip!.p50, download], [800, null, 55, null]);
});

test("as fast as plain HTTP meets every target, and 2.2 times slower misses every one", () => {
  const met = (result: PathResult) => pathChecksOf("long50", result).map(({ isMet }) => isMet);
  assert.equal(met(resultOf(1)), Array(6).fill(true));
  assert.equal(met(resultOf(2.2)), Array(6).fill(false));
});

test("what has no figure misses its target, and the report says why", () => {
  const result = resultOf(1);
  result.tunnel = { ...result.tunnel!, steadyUpload: null, failures: ["a long upload: it ended"] };
  const missed = pathChecksOf("long50", result).filter(({ isMet }) => !isMet);
  assert.equal(missed.map(({ what }) => what), ["long50: steady upload ÷ HTTP's"]);
  const text = formatPaths({ ...RESULTS, paths: { long50: result } });
  assert.match(text, "✗ long50: steady upload ÷ HTTP's: no figure (at least 0.8)");
  assert.match(text, "✗ tunnel: a long upload: it ended");
});

test("the report has the tunnel, plain HTTP and the ratio", () => {
  const text = formatPaths({ ...RESULTS, paths: { long50: resultOf(2) } });
  assert.match(text, /^long50: 50 ms +tunnel +plain HTTP +ratio$/m);
  assert.match(text, /^ {2}Download, steady, MiB\/s +20.5 +41 +0.50$/m);
  assert.match(text, /^ {2}8 MiB, new connection, s +1.6 +0.8 +2.00$/m);
});

test("the table has a row for each path with both contenders", () => {
  const { http } = resultOf(1);
  const paths = { lan: { ...resultOf(1), tunnel: undefined, http }, long50: resultOf(2) };
  const [, , ...rows] = formatPathsTable({ ...RESULTS, paths }, "chromium").split("\n");
  assert.is(rows.length, 1);
  assert.match(rows[0]!, "| `long50`: 50 ms | 20.5 / 41 (0.50) | 25 / 50 (0.50) |");
});

test("the document has a place for each browser's table, which a run writes anew", async () => {
  const page = await readFile("docs/bench/paths.md", "utf8");
  for (const browser of ["chromium", "firefox"] as const) {
    const written = withTable(page, RESULTS, browser);
    assert.match(written, "3 rounds on 2026-01-02 at commit abc1234.");
    assert.is(withTable(written, RESULTS, browser), written);
  }
  assert.throws(() => withTable("# Other", RESULTS, "firefox"), /the place of firefox/);
});

test("a run over some paths keeps the results over others", () => {
  const [old, young] = [resultOf(2), resultOf(1)];
  const earlier = { ...RESULTS, paths: { narrow: old, long50: old } };
  const { paths } = withEarlier({ ...RESULTS, paths: { lan: young, long50: young } }, earlier);
  assert.equal(Object.entries(paths), [["lan", young], ["long50", young], ["narrow", old]]);
});

test.run();
