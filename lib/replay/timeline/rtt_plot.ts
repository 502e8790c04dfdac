import type { RttBin } from "./rtt_series.ts";

const blocks = [" ", "▁", "▂", "▃", "▄", "▅", "▆", "▇", "█"];

export interface RttPlotOptions {
  /** Columns of the plot itself. @default 60 */
  width?: number;
  /** @default 5 */
  height?: number;
  /** The time that is shown, microseconds. */
  fromUs: number;
  toUs: number;
}

/**
 * The slowest round trip of each stretch of time as a column, in lines of text: the axis on the left is in
 * milliseconds, the one below in seconds since the capture began. Empty when there is nothing to show.
 */
export function rttPlot(bins: readonly RttBin[], options: RttPlotOptions): string[] {
  const { width = 60, height = 5, fromUs, toUs } = options;
  const spanUs = Math.max(1, toUs - fromUs);
  const columns = new Array<number>(width).fill(0);
  for (const { startUs, endUs, maxMs } of bins) {
    const middle = (startUs + endUs) / 2;
    if (endUs < fromUs || startUs > toUs) continue;
    const at = Math.min(width - 1, Math.max(0, Math.floor((middle - fromUs) / spanUs * width)));
    columns[at] = Math.max(columns[at], maxMs);
  }
  const top = Math.max(...columns);
  if (top === 0) return [];
  const lines: string[] = [];
  for (let row = height - 1; row >= 0; row--) {
    const label = row === height - 1 ? top.toFixed(1) : row === 0 ? "0" : "";
    const cells = columns.map((value) => {
      const eighths = Math.ceil(value / top * height * 8) - row * 8;
      return blocks[Math.max(0, Math.min(8, eighths))];
    });
    lines.push(`${label.padStart(8)} ┤${cells.join("")}`.trimEnd());
  }
  const left = `${(fromUs / 1e6).toFixed(1)}s`;
  const right = `${(toUs / 1e6).toFixed(1)}s`;
  lines.push(`${"ms".padStart(8)} └${"─".repeat(width)}`);
  lines.push(" ".repeat(10) + left + right.padStart(width - left.length));
  return lines;
}
