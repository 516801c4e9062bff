// Draws the results as an SVG that is readable on light and dark pages.
import { BarChart } from "echarts/charts";
import { GridComponent, LegendComponent, TitleComponent } from "echarts/components";
import { init, use } from "echarts/core";
import { SVGRenderer } from "echarts/renderers";
import { type ContenderName, CONTENDERS } from "./contender.ts";
import { dress, INK } from "./picture.ts";
import { TITLES } from "./report.ts";
import type { Figures, Results } from "./results.ts";

use([BarChart, GridComponent, LegendComponent, TitleComponent, SVGRenderer]);

const WIDTH = 960;
const HEIGHT = 640;

/** Each at least 3:1 in contrast to white and to GitHub's dark grey (#0d1117). */
const COLORS: Record<ContenderName, string> = {
  raw: "#7a828e",
  tunnel: "#d9730d",
  peerjs: "#2f81f7",
  http: "#2da44e",
};

/** A quarter of the picture, with the bars of each contender. */
interface Panel {
  title: string;
  bars: [label: string, figure: (figures: Figures) => number | undefined][];
  /** Whether the axis is logarithmic. */
  log?: boolean;
  /** A contender to leave out: plain HTTP's throughput would dwarf the others. */
  without?: ContenderName;
}

const PANELS: Panel[] = [
  {
    title: "Throughput, MiB/s (more is better)",
    bars: [
      ["download", ({ download }) => download.median],
      ["upload", ({ upload }) => upload.median],
    ],
    without: "http",
  },
  {
    title: "Small GET, ms (less is better)",
    bars: [
      ["p50", ({ roundTrip }) => roundTrip.p50],
      ["p99", ({ roundTrip }) => roundTrip.p99],
      ["p50 while\ndownloading", ({ loadedRoundTrip }) => loadedRoundTrip.p50],
      ["p99 while\ndownloading", ({ loadedRoundTrip }) => loadedRoundTrip.p99],
    ],
    log: true,
  },
  {
    title: "Small GETs a second (more is better)",
    bars: [
      ["1 at once", ({ rate1 }) => rate1.median],
      ["8 at once", ({ rate8 }) => rate8.median],
      ["64 at once", ({ rate64 }) => rate64.median],
    ],
  },
  {
    title: "Host's processor, s/GiB (less is better)",
    bars: [
      ["download", ({ downloadCpu }) => downloadCpu?.median],
      ["upload", ({ uploadCpu }) => uploadCpu?.median],
    ],
    without: "http",
  },
];

/** Draws the results. */
export function plotResults(results: Results): string {
  const names = CONTENDERS.filter((name) => results.contenders[name]);
  const chart = init(null, null, { renderer: "svg", ssr: true, width: WIDTH, height: HEIGHT });
  chart.setOption({
    animation: false,
    textStyle: { color: INK, fontFamily: "system-ui, sans-serif" },
    legend: {
      top: 36,
      data: names.map((name) => TITLES[name]),
      textStyle: { color: INK },
      itemGap: 24,
      selectedMode: false,
    },
    title: [
      text(headlineOf(results), { left: "center", top: 8 }, 16),
      ...PANELS.map(({ title }, panel) => text(title, placeOf(panel), 13)),
    ],
    grid: PANELS.map((_, panel) => {
      const { left, top } = placeOf(panel);
      return { left: left + 40, top: top + 34, width: 390, height: 180 };
    }),
    xAxis: PANELS.map(({ bars }, gridIndex) => ({
      gridIndex,
      type: "category",
      data: bars.map(([label]) => label),
      axisLabel: { color: INK, interval: 0 },
      axisTick: { show: false },
      axisLine: { lineStyle: { color: INK, opacity: 0.5 } },
    })),
    yAxis: PANELS.map(({ log }, gridIndex) => ({
      gridIndex,
      ...log ? { type: "log", min: 0.1, startValue: 0.1 } : { type: "value" },
      axisLabel: { color: INK },
      splitLine: { lineStyle: { color: INK, opacity: 0.15 } },
    })),
    series: PANELS.flatMap((panel, index) =>
      names.filter((name) => name !== panel.without).map((name) => ({
        type: "bar",
        silent: true,
        name: TITLES[name],
        xAxisIndex: index,
        yAxisIndex: index,
        itemStyle: { color: COLORS[name] },
        label: { show: true, position: "top", color: INK, fontSize: 9, formatter: labelOf },
        data: panel.bars.map(([, figure]) => figure(results.contenders[name]!) ?? null),
      }))
    ),
  });
  const svg = chart.renderToSVGString();
  chart.dispose();
  return dress(svg, headlineOf(results), describe(results));
}

function text(text: string, place: object, fontSize: number) {
  return { ...place, text, textStyle: { color: INK, fontSize } };
}

function placeOf(panel: number): { left: number; top: number } {
  return { left: panel % 2 ? 490 : 20, top: panel < 2 ? 76 : 356 };
}

function labelOf({ value }: { value: unknown }): string {
  if (typeof value !== "number") return "";
  return value < 10 ? value.toFixed(1) : value.toFixed(0);
}

function headlineOf({ plan }: Results): string {
  return `Lighthouse over ${plan.rtt ? `${plan.rtt} ms of round trip` : "loopback"}, side by side`;
}

/** The description for screen readers. */
function describe({ contenders, machine, date }: Results): string {
  const throughput = CONTENDERS.flatMap((name) => {
    const figures = contenders[name];
    if (!figures) return [];
    const { download, upload } = figures;
    return `${TITLES[name]} ${download.median.toFixed(1)} and ${upload.median.toFixed(1)}`;
  });
  return `Download and upload in MiB/s: ${throughput.join("; ")}. ` +
    `Measured on ${machine.cpu}, ${machine.cores} cores, ${date.slice(0, 10)}.`;
}
