import { formatNumber } from "./format.ts";
import type { ScalePoint, ScaleResult } from "./results.ts";
import { median } from "./statistics.ts";

const panel = { width: 380, height: 190, left: 62, right: 18, top: 34, bottom: 40 };
const columns = 2;
const ticks = 4;
const style = "text{font:12px sans-serif;fill:#333}.title{font-weight:bold}.grid{stroke:#ddd}" +
  ".axis{stroke:#666}.line{fill:none;stroke:#1f6feb;stroke-width:2}.range{stroke:#1f6feb}.dot{fill:#1f6feb}";

interface PlotPoint {
  x: number;
  y: number;
  min: number;
  max: number;
}

interface Panel {
  title: string;
  xLabel: string;
  points: PlotPoint[];
}

/** How cost grows, as an SVG: one column for streams and one for links, one panel a figure, ranges as bars. */
export function scalePlot(scale: ScaleResult): string {
  const panels = figures.flatMap(({ title, valuesOf }) => [
    {
      title,
      xLabel: "open streams on one link, up to 32 of them sending",
      points: plotPoints(scale.streams, valuesOf),
    },
    { title, xLabel: "links to one gateway, 100 streams sending", points: plotPoints(scale.links, valuesOf) },
  ]).filter(({ points }) => points.length > 0);
  const width = columns * panel.width;
  const height = Math.ceil(panels.length / columns) * panel.height;
  const drawn = panels.map((one, index) => {
    const [x, y] = [index % columns * panel.width, Math.floor(index / columns) * panel.height];
    return `<g transform="translate(${x} ${y})">${drawPanel(one)}</g>`;
  });
  return `<svg xmlns="http://www.w3.org/2000/svg" width="${width}" height="${height}" viewBox="0 0 ${width} ${height}">\n` +
    `<style>${style}</style>\n<rect width="${width}" height="${height}" fill="#fff"/>\n${
      drawn.join("\n")
    }\n</svg>\n`;
}

const figures: { title: string; valuesOf(point: ScalePoint): number[] }[] = [
  { title: "Messages a second", valuesOf: (point) => point.rates },
  { title: "Gateway CPU, µs a message", valuesOf: (point) => point.gatewayMicros ?? [] },
  {
    title: "Gateway memory, MiB",
    valuesOf: ({ gatewayResidentBytes: bytes }) => bytes === null ? [] : [bytes / 1024 ** 2],
  },
];

function plotPoints(points: ScalePoint[], valuesOf: (point: ScalePoint) => number[]): PlotPoint[] {
  return points.filter((point) => valuesOf(point).length > 0).map((point) => {
    const values = valuesOf(point);
    return { x: point.count, y: median(values), min: Math.min(...values), max: Math.max(...values) };
  });
}

function drawPanel({ title, xLabel, points }: Panel): string {
  const plotWidth = panel.width - panel.left - panel.right;
  const plotHeight = panel.height - panel.top - panel.bottom;
  const decades = Math.max(1, Math.log10(Math.max(...points.map((point) => point.x))));
  const top = niceCeiling(Math.max(...points.map((point) => point.max)));
  const xOf = (count: number) => round(panel.left + Math.log10(count) / decades * plotWidth);
  const yOf = (value: number) => round(panel.top + (1 - value / top) * plotHeight);
  const [right, bottom] = [panel.left + plotWidth, panel.top + plotHeight];

  const parts = [`<text class="title" x="${panel.left}" y="20">${title}</text>`];
  for (let tick = 0; tick <= ticks; tick++) {
    const value = top * tick / ticks;
    const y = yOf(value);
    parts.push(`<line class="grid" x1="${panel.left}" y1="${y}" x2="${right}" y2="${y}"/>`);
    const label = value === 0 ? "0" : formatNumber(value);
    parts.push(`<text text-anchor="end" x="${panel.left - 6}" y="${y + 4}">${label}</text>`);
  }
  parts.push(`<line class="axis" x1="${panel.left}" y1="${bottom}" x2="${right}" y2="${bottom}"/>`);
  for (const { x } of points) {
    parts.push(
      `<text text-anchor="middle" x="${xOf(x)}" y="${bottom + 15}">${x.toLocaleString("en-US")}</text>`,
    );
  }
  parts.push(
    `<text text-anchor="middle" x="${round((panel.left + right) / 2)}" y="${bottom + 32}">${xLabel}</text>`,
  );
  const path = points.map(({ x, y }) => `${xOf(x)},${yOf(y)}`).join(" ");
  parts.push(`<polyline class="line" points="${path}"/>`);
  for (const { x, y, min, max } of points) {
    parts.push(
      `<line class="range" x1="${xOf(x)}" y1="${yOf(min)}" x2="${xOf(x)}" y2="${yOf(max)}"/>` +
        `<circle class="dot" cx="${xOf(x)}" cy="${yOf(y)}" r="3.5"/>`,
    );
  }
  return parts.join("");
}

/** The least of 1, 2, 4, 5, 8 or 10 times a power of ten that is not below `value`: quarters of it read well. */
export function niceCeiling(value: number): number {
  if (value <= 0) return 1;
  const power = 10 ** Math.floor(Math.log10(value));
  const factor = [1, 2, 4, 5, 8].find((candidate) => candidate * power >= value) ?? 10;
  return factor * power;
}

function round(value: number): number {
  return Math.round(value * 10) / 10;
}
