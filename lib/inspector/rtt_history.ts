import type { RttBin, RttPercentiles } from "./api_shapes.ts";

/** The chart looks back this far, in bins of this width, milliseconds. */
const chartMs = 3_600_000;
const binMs = 3_000;

/** Round trips kept one by one, for percentiles and the small curve. */
const recentSamples = 256;

/** Links whose round trips are kept; beyond it those not heard of for longest go. */
const maxLinks = 100;

/** Round trips of many links over the last hour, in bounded memory. */
export class RttHistory {
  readonly #series = new Map<string, RttSeries>();

  /** @param at milliseconds since 1970 */
  add(link: string, at: number, rttMs: number): void {
    const series = this.#series.get(link) ?? new RttSeries();
    // Kept in the order of their last sample.
    this.#series.delete(link);
    this.#series.set(link, series);
    series.add(at, rttMs);
    if (this.#series.size <= maxLinks) return;
    for (const oldest of this.#series.keys()) {
      this.#series.delete(oldest);
      return;
    }
  }

  /** Whether round trips of this link are kept. */
  has(link: string): boolean {
    return this.#series.has(link);
  }

  /** The last hour, oldest first. @param now milliseconds since 1970 */
  chart(link: string, now: number): RttBin[] {
    return this.#series.get(link)?.chart(now) ?? [];
  }

  /** The newest `count` round trips, oldest first. */
  recent(link: string, count: number): number[] {
    return this.#series.get(link)?.recent.slice(-count) ?? [];
  }

  /** Of the newest round trips; `null` when there is none. */
  percentiles(link: string): RttPercentiles | null {
    const recent = this.#series.get(link)?.recent ?? [];
    if (recent.length === 0) return null;
    const sorted = recent.toSorted((a, b) => a - b);
    const at = (q: number) => sorted[Math.min(sorted.length - 1, Math.ceil(q * sorted.length) - 1)];
    return { samples: sorted.length, p50Ms: at(0.5), p90Ms: at(0.9), p99Ms: at(0.99) };
  }
}

class RttSeries {
  readonly recent: number[] = [];
  readonly #bins: { at: number; sumMs: number; count: number; maxMs: number }[] = [];

  add(at: number, rttMs: number): void {
    this.recent.push(rttMs);
    if (this.recent.length > recentSamples) this.recent.shift();
    const begin = Math.floor(at / binMs) * binMs;
    const last = this.#bins.at(-1);
    // A wall clock that was set back adds to the last bin, so that bins stay in order.
    if (last !== undefined && begin <= last.at) {
      last.sumMs += rttMs;
      last.count++;
      last.maxMs = Math.max(last.maxMs, rttMs);
      return;
    }
    this.#bins.push({ at: begin, sumMs: rttMs, count: 1, maxMs: rttMs });
    if (this.#bins.length > chartMs / binMs) this.#bins.shift();
  }

  chart(now: number): RttBin[] {
    return this.#bins
      .filter(({ at }) => at > now - chartMs)
      .map(({ at, sumMs, count, maxMs }) => ({ at, samples: count, meanMs: sumMs / count, maxMs }));
  }
}
