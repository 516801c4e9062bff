// Tests the targets, table, picture and JSON of given figures.
import * as assert from "uvu/assert";
import { suite } from "../testing/suite.ts";
import { plotResults } from "./plot.ts";
import { formatReport } from "./report.ts";
import { formatResults, type Results } from "./results.ts";
import { checksOf } from "./targets.ts";
import { figures, results } from "./testing/results.ts";

const test = suite("report");
const MiB = 1024 * 1024;

const missed = (run: Results) =>
  checksOf(run).filter(({ isMet }) => !isMet).map(({ what }) => what);

test("a tunnel as good as the raw channel meets every target", () => {
  const checks = checksOf(results());
  assert.equal(checks.map(({ value, limit, isMet }) => [value, limit, isMet]), [
    [1, 0.9, true],
    [1, 0.9, true],
    [1, 2.2, true],
    [3, 5, true],
    [4, 20, true],
  ]);
});

test("each target can be missed", () => {
  const tunnel = figures(1);
  const slow = (changes: Partial<typeof tunnel>) =>
    missed(results({ contenders: { raw: figures(1), tunnel: { ...tunnel, ...changes } } }));
  const { download, upload, roundTrip, loadedRoundTrip } = tunnel;
  assert.equal(slow({ download: { ...download, median: 8.99 } }), ["Download ÷ raw channel's"]);
  assert.equal(slow({ upload: { ...upload, median: 7.19 } }), ["Upload ÷ raw channel's"]);
  assert.equal(slow({ roundTrip: { ...roundTrip, p50: 2.21 } }), [
    "Small GET, p50 (raw + backend + 1 ms)",
  ]);
  assert.equal(slow({ loadedRoundTrip: { ...loadedRoundTrip, p50: 5.01 } }), [
    "Small GET while downloading, p50 ÷ idle p50",
  ]);
  assert.equal(slow({ loadedRoundTrip: { ...loadedRoundTrip, p99: 20.01 } }), [
    "Small GET while downloading, p99 ÷ idle p50",
  ]);
});

test("over a wire of 50 ms, throughput has its own target", () => {
  const run = results({ plan: { ...results().plan, rtt: 50 } });
  const [down, up] = checksOf(run);
  assert.equal([down!.value, down!.limit, down!.isMet], [10, 6, true]);
  assert.equal([up!.value, up!.limit, up!.isMet], [8, 8, true]);
  const slower = results({ ...run, contenders: { tunnel: figures(0.59) } });
  assert.equal(missed(slower), ["Download over 50 ms", "Upload over 50 ms"]);
  assert.is(checksOf(results({ plan: { ...run.plan, rtt: 51 } })).length, 3);
});

test("a soak is judged by its hashes and its memory", () => {
  const soak = {
    bytes: 1024 * MiB,
    download: { sent: "a", arrived: "a" },
    upload: { sent: "b", arrived: "b" },
    hostMemory: { idle: 100 * MiB, peak: 148 * MiB },
    pageMemory: { idle: 2 * MiB, peak: 80 * MiB },
    pageHeld: 50 * MiB,
  };
  assert.equal(missed(results({ soak })), []);
  const worse = {
    ...soak,
    upload: { sent: "b", arrived: "a" },
    hostMemory: { idle: 100 * MiB, peak: 149 * MiB },
    pageHeld: 51 * MiB,
  };
  assert.equal(missed(results({ soak: worse })), [
    "1 GiB down and up, equal hashes",
    "1 GiB, host's memory over idle",
    "1 GiB, page's heap over idle, without garbage",
  ]);
});

test("sealing may take ten milliseconds of a connect", () => {
  const sealing = { p50: 10, p99: 90, most: 90, samples: 9 };
  assert.equal(missed(results({ sealing })), []);
  assert.equal(missed(results({ sealing: { ...sealing, p50: 10.1 } })), [
    "Sealing and opening a connect's signals, p50",
  ]);
});

test("the relay's import may take sixty milliseconds", () => {
  const coldStart = { times: [59, 60, 300], memory: 1 };
  assert.equal(missed(results({ coldStart })), []);
  assert.equal(missed(results({ coldStart: { ...coldStart, times: [61] } })), [
    "Relay, import, p50",
  ]);
});

test("a first page may take half as long again as plain HTTP, and a connect", () => {
  const firstPages = { http: [90, 100, 900], app: [349, 350, 900], connects: [1, 200, 200] };
  assert.equal(missed(results({ firstPages })), []);
  assert.equal(missed(results({ firstPages: { ...firstPages, app: [351] } })), [
    "First page of a known device, p50 (1.5 × plain HTTP + a connect)",
  ]);
});

test("a first answer may take 20 ms more than the signalling", () => {
  const connects = { signalling: [150], newDevice: [169], knownDevice: [170] };
  const over = (rtt: number, each: Partial<typeof connects> = {}) => {
    const { plan, ...rest } = results({ connects: { ...connects, ...each } });
    const missedOnes = missed({ ...rest, plan: { ...plan, rtt } });
    return missedOnes.filter((what) => what.startsWith("First answer"));
  };
  assert.equal(over(50), []);
  assert.equal(over(50, { newDevice: [171], knownDevice: [171] }), [
    "First answer, new device, p50 (signalling + 20 ms)",
    "First answer, known device, p50 (signalling + 20 ms)",
  ]);
  assert.equal(over(0, { newDevice: [40], knownDevice: [40] }), []);
  assert.equal(over(0, { newDevice: [41], knownDevice: [41] }), [
    "First answer, new device, p50",
    "First answer, known device, p50",
  ]);
  const report = formatReport(results({ connects }), []);
  assert.match(
    report,
    /a device that the host does not know: 169 ms\n {2}a known device: 170 ms\n/,
  );
});

test("leaks of many requests are judged by each kind's growth", () => {
  const leaksOf = (page: Record<string, number>, Stream = 0) =>
    missed(results({ leaks: { inRow: 10_000, atOnce: 256, page, host: { Stream, timers: 32 } } }));
  assert.equal(leaksOf({ Map: 32, Set: -5, AbortSignal: 0 }), []);
  const failed = ["10000 requests in a row and 256 at once, kinds that leak"];
  assert.equal(
    [leaksOf({ Map: 33 }), leaksOf({ AbortSignal: 1 }), leaksOf({}, 1)],
    Array(3).fill(failed),
  );
});

test("a connect may take twice as long among forged offers", () => {
  const rest = { answers: 60, lines: 40, growth: undefined };
  const flood = { ...rest, forged: 10_000, usual: [90, 100, 900], flooded: [200, 1, 900] };
  assert.equal(missed(results({ flood })), []);
  assert.equal(missed(results({ flood: { ...flood, flooded: [201] } })), [
    "A connect during 10000 forged offers ÷ a usual one, median",
  ]);
});

test("a run with cuts is judged by its transfers and its gaps, which are listed by kind", () => {
  const gaps = Array.from({ length: 20 }, (_, index) => ({
    kind: index % 2 ? "all packets are lost" as const : "the page closes its channel" as const,
    gap: index < 19 ? 1200 : 5000,
  }));
  const resumed = {
    download: 256 * MiB,
    upload: 64 * MiB,
    cuts: 20,
    connects: 3,
    seed: 17,
    floor: [190, 200, 900],
    gaps,
    outcome: {
      downloaded: "a",
      uploaded: "b",
      events: { count: 9, misplaced: 0 },
      socket: { sent: 5, received: 6, misplaced: 0, end: "end 5 6", code: 1000 },
    },
    expected: { downloaded: "a", uploaded: "b" },
    counts: { downloads: 1, uploads: 1, events: 1, sockets: 1, misplaced: 0 },
  };
  const run = results({ resumed });
  assert.equal(missed(run), []);
  const report = formatReport(run, checksOf(run));
  assert.match(report, "(seed 17), a connect taking 200 ms");
  assert.match(report, "  any: p50 1200 ms, p95 1200 ms, 20 times");
  assert.match(report, "  all packets are lost: p50 1200 ms, p95 5000 ms, 10 times");

  const twice = { ...resumed, counts: { ...resumed.counts, uploads: 2 } };
  assert.equal(missed(results({ resumed: twice })), ["20 cuts: transfers as they were"]);
  const lost = { ...resumed.outcome, socket: { ...resumed.outcome.socket, end: "end 4 6" } };
  assert.equal(missed(results({ resumed: { ...resumed, outcome: lost } })), [
    "20 cuts: transfers as they were",
  ]);
  const slow = { ...resumed, floor: [199, 199, 199] };
  assert.equal(missed(results({ resumed: slow })), ["20 cuts: p95 of a gap over a connect"]);
});

test("the table has a column for each contender and for the ratio of tunnel to raw channel", () => {
  const run = results({
    contenders: {
      raw: figures(1),
      tunnel: figures(0.5),
      http: { ...figures(9), connect: undefined },
    },
  });
  const lines = formatReport(run, checksOf(run)).split("\n");
  const cells = (start: string) =>
    lines.find((line) => line.startsWith(start))!.trim().split(/ {2,}/);
  assert.equal(cells(" "), ["raw channel", "tunnel", "plain HTTP", "tunnel ÷ raw"]);
  assert.equal(cells("Download,"), ["Download, MiB/s", "10.0", "5.0", "90.0", "0.50"]);
  assert.equal(cells("Connect"), ["Connect to first answer, ms", "200", "100", "–", "0.50"]);
  assert.equal(cells("Host's memory"), ["Host's memory, idle, MiB", "90", "90", "90", "1.00"]);
  assert.ok(lines.includes("✗ Download ÷ raw channel's: 0.5 (at least 0.9)"));
  assert.ok(lines.includes("✓ Small GET, p50 (raw + backend + 1 ms): 0.5 (at most 2.2 ms)"));
  assert.match(lines.at(-2)!, "Test <CPU>, 2 cores, 24 GiB, Linux 6 x64");
  assert.match(lines.at(-1)!, "node 24.0.0, chromium 150.0; commit abc1234; 2026-01-02");
});

test("a figure that tunnel or raw channel lacks has no ratio", () => {
  const { connect: _, ...tunnel } = figures(1);
  const text = formatReport(results({ contenders: { raw: figures(1), tunnel } }), []);
  assert.match(text, /Connect to first answer, ms +200 +– +–\n/);
});

test("a quick trial is not judged", () => {
  const run = results({ plan: { ...results().plan, quick: true } });
  const text = formatReport(run, checksOf(run));
  assert.match(text, "A quick trial");
  assert.not.match(text, /[✓✗]/);
});

test("the picture names itself, follows the reader's theme, and has a bar for each figure", () => {
  const svg = plotResults(results());
  assert.match(
    svg,
    /^<svg [^>]*role="img" aria-labelledby="title" aria-describedby="description">/,
  );
  assert.match(svg, '<title id="title">Lighthouse over loopback, side by side</title>');
  assert.match(svg, "raw channel 10.0 and 8.0; tunnel 10.0 and 8.0");
  assert.match(svg, "Test &#60;CPU&#62;");
  assert.match(svg, "prefers-color-scheme: dark");
  assert.match(svg, 'fill="currentColor">Throughput, MiB/s');
  assert.not.match(svg, "#010203");
  // 2 of throughput, 4 of latency, 3 of rates and 2 of the processor, and one in the legend.
  assert.is(svg.match(/<path [^>]*fill="#d9730d"/g)?.length, 12);
  assert.not.match(svg, "#2f81f7", "PeerJS was not measured");
});

test("results as JSON keep whole numbers, and three digits of others", () => {
  const run = results({ backendTime: 1 / 3 });
  const read = JSON.parse(formatResults(run)) as Results;
  assert.is(read.backendTime, 0.333);
  assert.is(read.plan.bytes, 64 * MiB);
  assert.equal(read.contenders.tunnel, run.contenders.tunnel);
});

test.run();
