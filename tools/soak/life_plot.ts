// Draws a host's life: its process's resources over time.
import { LineChart } from "echarts/charts";
import { GridComponent, TitleComponent } from "echarts/components";
import { init, use } from "echarts/core";
import { SVGRenderer } from "echarts/renderers";
import { dress, INK } from "../bench/picture.ts";
import type { Life, Sample } from "./life_result.ts";

use([LineChart, GridComponent, TitleComponent, SVGRenderer]);

const WIDTH = 960;
const PANEL = 190;

/** Contrast of at least 3:1 to white and to GitHub's dark grey (#0d1117). */
const COLOR = "#d9730d";

const PANELS: [title: string, figure: (sample: Sample) => number][] = [
  ["Resident memory, MiB", ({ memory }) => memory / 1024 ** 2],
  ["Open files and sockets", ({ handles }) => handles],
  ["Threads", ({ threads }) => threads],
  ["Pages that are open", ({ pages }) => pages],
];

/** Draws the resources of the host's process. */
export function plotLife({ samples }: Life, description: string): string {
  const height = 50 + PANELS.length * PANEL + 20;
  const chart = init(null, null, { renderer: "svg", ssr: true, width: WIDTH, height });
  const title = "A host while pages come and go and everything around it fails";
  const last = samples.at(-1)!.at / 60_000;
  const text = (text: string, place: object, fontSize: number) => ({
    ...place,
    text,
    textStyle: { color: INK, fontSize },
  });
  chart.setOption({
    animation: false,
    textStyle: { color: INK, fontFamily: "system-ui, sans-serif" },
    title: [
      text(title, { left: "center", top: 8 }, 16),
      ...PANELS.map(([title], at) => text(title, { left: 20, top: 44 + at * PANEL }, 13)),
    ],
    grid: PANELS.map((_, at) => ({
      left: 60,
      right: 30,
      top: 74 + at * PANEL,
      height: PANEL - 64,
    })),
    xAxis: PANELS.map((_, gridIndex) => ({
      gridIndex,
      type: "value",
      min: 0,
      max: last,
      axisLabel: { color: INK, formatter: (value: number) => `${Math.round(value)} min` },
      axisLine: { lineStyle: { color: INK, opacity: 0.5 } },
      splitLine: { show: false },
    })),
    yAxis: PANELS.map((_, gridIndex) => ({
      gridIndex,
      type: "value",
      min: 0,
      splitNumber: 3,
      axisLabel: { color: INK },
      splitLine: { lineStyle: { color: INK, opacity: 0.15 } },
    })),
    series: PANELS.map(([, figure], index) => ({
      type: "line",
      silent: true,
      showSymbol: false,
      xAxisIndex: index,
      yAxisIndex: index,
      lineStyle: { color: COLOR, width: 1.5 },
      data: samples.map((sample) => [sample.at / 60_000, figure(sample)]),
    })),
  });
  const svg = chart.renderToSVGString();
  chart.dispose();
  return dress(svg, title, description);
}
