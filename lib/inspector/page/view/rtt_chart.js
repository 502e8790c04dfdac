import { byId, el, setText, syncChildren } from "../dom.js";
import { formatClock, formatMs, printable } from "../model/format.js";
/** @import { RttBins } from "../model/rtt_bins.js" */

/**
 * What is used of uPlot, which is loaded as a script of its own.
 *
 * @typedef {object} Plot
 * @property {(data: unknown, resetScales?: boolean) => void} setData
 * @property {(size: { width: number, height: number }) => void} setSize
 * @property {() => void} destroy
 * @property {{ idx: number | null | undefined }} cursor
 */

/** Curves drawn; more cannot be told apart. */
const maxCurves = 6;

/** @typedef {{ id: string, runner: string }} ChartedLink */

/** Round trips of the last hour, one curve a link. */
export class RttChart {
  #place = byId("chart");
  #title = byId("chart-title");
  #readout = byId("chart-readout");
  #legend = byId("chart-legend");
  #bins;
  #now;
  /** @type {ChartedLink[]} */
  #links = [];
  /** @type {[number[], ...(number | null | undefined)[][]]} */
  #columns = [[]];
  /** @type {Plot | null} */
  #plot = null;
  #made = "";

  /**
   * @param {RttBins} bins
   * @param {() => number} now the server's clock, milliseconds since 1970
   */
  constructor(bins, now) {
    this.#bins = bins;
    this.#now = now;
    new ResizeObserver(() => this.#plot?.setSize(this.#size())).observe(this.#place);
    matchMedia("(prefers-color-scheme: dark)").addEventListener("change", () => {
      this.#made = "";
      this.draw(this.#links);
    });
  }

  /** @param {readonly ChartedLink[]} links */
  draw(links) {
    this.#links = links.slice(0, maxCurves);
    const ids = this.#links.map(({ id }) => id);
    this.#columns = this.#bins.columns(ids, this.#now());
    const curves = ids.join(" ");
    if (this.#plot === null || this.#made !== curves) this.#make(curves);
    this.#plot?.setData(this.#columns);
    this.#showLegend(links.length - this.#links.length);
    this.#describe(ids);
  }

  /** @param {string} curves */
  #make(curves) {
    this.#plot?.destroy();
    this.#made = curves;
    const style = getComputedStyle(document.documentElement);
    /** @param {string} name */
    const color = (name) => style.getPropertyValue(name).trim();
    const axis = {
      stroke: color("--muted"),
      grid: { stroke: color("--line"), width: 1 },
      ticks: { show: false },
      font: "11px system-ui, sans-serif",
    };
    const uPlot = /** @type {any} */ (globalThis).uPlot;
    this.#plot = /** @type {Plot} */ (new uPlot(
      {
        ...this.#size(),
        padding: [8, 22, 0, 0],
        legend: { show: false },
        cursor: { y: false, drag: { x: false, y: false }, points: { size: 6 } },
        scales: {
          x: { range: () => this.#range() },
          y: {
            range: (
              /** @type {Plot} */ _plot,
              /** @type {number} */ _min,
              /** @type {number} */ max,
            ) => [0, (max || 1) * 1.1],
          },
        },
        axes: [
          {
            ...axis,
            space: 70,
            size: 24,
            values: (/** @type {Plot} */ _plot, /** @type {number[]} */ ticks) => ticks.map(tickTime),
          },
          {
            ...axis,
            space: 28,
            size: 52,
            values: (/** @type {Plot} */ _plot, /** @type {number[]} */ ticks) => ticks.map(tickMs),
          },
        ],
        series: [
          {},
          ...this.#links.map((_, i) => ({
            stroke: color(`--curve-${i + 1}`),
            width: 1.5,
            points: { show: this.#columns[0].length < 3 },
          })),
        ],
        hooks: { setCursor: [() => this.#showReadout()] },
      },
      this.#columns,
      this.#place,
    ));
  }

  /** @returns {[number, number]} seconds since 1970 */
  #range() {
    const now = this.#now();
    const span = this.#bins.spanMs(this.#links.map(({ id }) => id), now);
    return [(now - span) / 1000, now / 1000];
  }

  #size() {
    return { width: Math.max(200, this.#place.clientWidth), height: Math.max(80, this.#place.clientHeight) };
  }

  /** @param {number} leftOut */
  #showLegend(leftOut) {
    /** @type {ChartedLink[]} */
    const entries = leftOut > 0 ? [...this.#links, { id: "", runner: `and ${leftOut} more` }] : this.#links;
    syncChildren(this.#legend, entries, {
      key: ({ id }) => id,
      make: () => el("li", {}, el("span", { class: "swatch" }), el("span", {})),
      update: (item, { id, runner }) => {
        const at = this.#links.findIndex((link) => link.id === id);
        item.className = at === -1 ? "rest" : `curve-${at + 1}`;
        setText(item.lastElementChild, printable(runner));
      },
    });
  }

  #showReadout() {
    const at = this.#plot?.cursor.idx ?? null;
    const time = at === null ? undefined : this.#columns[0][at];
    if (at === null || time === undefined) {
      setText(this.#readout, "");
      return;
    }
    const values = this.#links.map(({ runner }, i) => {
      const value = this.#columns[i + 1]?.[at];
      return value === null || value === undefined ? null : `${printable(runner)} ${formatMs(value)}`;
    });
    setText(
      this.#readout,
      [formatClock(time * 1000), ...values.filter((value) => value !== null)].join(" · "),
    );
  }

  /** The chart in words, for those who do not see it. @param {string[]} ids */
  #describe(ids) {
    const now = this.#now();
    const minutes = Math.round(this.#bins.spanMs(ids, now) / 60_000);
    setText(this.#title, `Round trip time, last ${minutes === 60 ? "hour" : `${minutes} min`}`);
    const words = this.#links.map(({ id, runner }) => {
      const bins = this.#bins.bins(id, now);
      const last = bins.at(-1);
      if (last === undefined) return `${runner}: none yet`;
      const max = Math.max(...bins.map(({ maxMs }) => maxMs));
      return `${runner}: ${formatMs(last.meanMs)} now, at most ${formatMs(max)}, ${bins.length} points`;
    });
    this.#place.setAttribute("aria-label", words.length === 0 ? "No round trips yet" : words.join("; "));
  }
}

/** @param {number} seconds */
function tickTime(seconds) {
  const clock = formatClock(seconds * 1000);
  return clock.endsWith(":00") ? clock.slice(0, 5) : clock;
}

/** @param {number} ms */
function tickMs(ms) {
  return ms >= 1000 ? `${ms / 1000} s` : `${Number(ms.toPrecision(3))} ms`;
}
