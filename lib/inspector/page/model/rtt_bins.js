/** @import { RttBin } from "../../api_shapes.ts" */

/** As the server keeps them: the last hour in bins of three seconds. */
const chartMs = 3_600_000;
const binMs = 3_000;

/** Links whose round trips are charted at most. */
const maxLinks = 100;

/** No pong for this long, or for this many usual distances, is a gap in the curve. */
const gapMs = 15_000;
const gapDistances = 5;

/** The shortest time the chart spans, and the steps in which it widens, milliseconds. */
const spans = [120_000, 300_000, 900_000, chartMs];

/** Round trips of every link over the last hour: what the server had kept, and what came since. */
export class RttBins {
  /** @type {Map<string, RttBin[]>} */
  #links = new Map();

  /** @returns {string[]} */
  get links() {
    return [...this.#links.keys()];
  }

  /**
   * Takes what the server has kept of a link in the place of what was known.
   *
   * @param {string} link
   * @param {readonly RttBin[]} bins oldest first
   */
  load(link, bins) {
    this.#links.set(link, bins.map((bin) => ({ ...bin })));
    if (this.#links.size > maxLinks) this.#links.delete(this.links[0]);
  }

  /**
   * @param {string} link
   * @param {number} at milliseconds since 1970
   * @param {number} rttMs
   */
  add(link, at, rttMs) {
    if (!this.#links.has(link)) this.load(link, []);
    const series = /** @type {RttBin[]} */ (this.#links.get(link));
    const begin = Math.floor(at / binMs) * binMs;
    const last = series.at(-1);
    if (last !== undefined && begin <= last.at) {
      last.meanMs += (rttMs - last.meanMs) / (last.samples + 1);
      last.samples++;
      last.maxMs = Math.max(last.maxMs, rttMs);
      return;
    }
    series.push({ at: begin, samples: 1, meanMs: rttMs, maxMs: rttMs });
    if (series.length > chartMs / binMs) series.shift();
  }

  /** Forgets everything. */
  clear() {
    this.#links.clear();
  }

  /**
   * The bins of a link within the last hour, oldest first.
   *
   * @param {string} link
   * @param {number} now milliseconds since 1970
   * @returns {RttBin[]}
   */
  bins(link, now) {
    return (this.#links.get(link) ?? []).filter(({ at }) => at > now - chartMs);
  }

  /**
   * The time the chart spans: as little as shows everything, in steps, up to an hour.
   *
   * @param {readonly string[]} links
   * @param {number} now milliseconds since 1970
   * @returns {number} milliseconds
   */
  spanMs(links, now) {
    const oldest = Math.min(now, ...links.map((link) => this.bins(link, now)[0]?.at ?? now));
    return spans.find((span) => oldest >= now - span) ?? chartMs;
  }

  /**
   * Columns for a chart: the time of each bin in seconds since 1970, then for each link its mean round trip there.
   * `null` breaks a curve, where a link was gone; `undefined` does not, where merely another link has a bin.
   *
   * @param {readonly string[]} links
   * @param {number} now milliseconds since 1970
   * @returns {[number[], ...(number | null | undefined)[][]]}
   */
  columns(links, now) {
    const series = links.map((link) => withGaps(this.bins(link, now)));
    const times = [...new Set(series.flatMap((points) => [...points.keys()]))].sort((a, b) => a - b);
    return [
      times.map((at) => at / 1000),
      ...series.map((points) => times.map((at) => points.get(at))),
    ];
  }
}

/**
 * @param {readonly RttBin[]} bins
 * @returns {Map<number, number | null>}
 */
function withGaps(bins) {
  /** @type {Map<number, number | null>} */
  const points = new Map();
  const distances = bins.slice(1).map(({ at }, i) => at - bins[i].at).sort((a, b) => a - b);
  const usual = distances[Math.floor(distances.length / 2)] ?? 0;
  const gap = Math.max(gapMs, usual * gapDistances);
  let before = bins[0]?.at ?? 0;
  for (const { at, meanMs } of bins) {
    if (at - before > gap) points.set(before + 1, null);
    points.set(at, meanMs);
    before = at;
  }
  return points;
}
