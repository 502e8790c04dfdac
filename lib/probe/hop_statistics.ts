import type { Int32Histogram } from "hdr-histogram-js";
// The package's index loads its codecs and a WebAssembly module besides, for as long as all the rest of the command.
import histogramModule from "hdr-histogram-js/dist/Int32Histogram.js";

// A CommonJS module: what it exports is the default import, whatever its types say.
const { default: Histogram } = histogramModule as unknown as { default: typeof Int32Histogram };

/** What is said of one hop, or of the whole round trip. Milliseconds. */
export interface HopSummary {
  count: number;
  minMs: number;
  p50Ms: number;
  p90Ms: number;
  p99Ms: number;
  maxMs: number;
  meanMs: number;
  /** Standard deviation of the population. */
  deviationMs: number;
  /** Interarrival jitter of RFC 3550, section 6.4.1. */
  jitterMs: number;
}

/** How many samples lie in `[fromMs, toMs)`. */
export interface HistogramBar {
  fromMs: number;
  toMs: number;
  count: number;
}

const usPerMs = 1000;

/** RFC 3550's gain: noise is damped while a change shows within about 16 samples. */
const jitterGain = 1 / 16;

/** Three digits: a percentile is right to 0.1 %, in some 100 KiB for any number of samples. */
const digits = 3;

/** A range wider than this many times its start is shown in steps that grow with the value. */
const logarithmicFrom = 8;

/** The durations of one hop: percentiles from an HdrHistogram at microsecond grain, the rest exactly. */
export class HopStatistics {
  readonly #histogram: Int32Histogram;
  #count = 0;
  #minMs = Infinity;
  #maxMs = 0;
  #meanMs = 0;
  #squares = 0;
  #jitterMs = 0;
  #lastMs = 0;

  constructor() {
    // Begins small and grows with what is recorded.
    this.#histogram = new Histogram(1, 2 ** 20, digits);
    this.#histogram.autoResize = true;
  }

  get count(): number {
    return this.#count;
  }

  /** @param ms 0 or more, in the order of arrival */
  add(ms: number): void {
    this.#histogram.recordValue(Math.round(ms * usPerMs));
    this.#count++;
    this.#minMs = Math.min(this.#minMs, ms);
    this.#maxMs = Math.max(this.#maxMs, ms);
    // B. P. Welford's recurrence (1962): exact where the difference of large sums would not be.
    const delta = ms - this.#meanMs;
    this.#meanMs += delta / this.#count;
    this.#squares += delta * (ms - this.#meanMs);
    // Both transit times hold the same clock offset: their difference is that of the round trips.
    if (this.#count > 1) this.#jitterMs += (Math.abs(ms - this.#lastMs) - this.#jitterMs) * jitterGain;
    this.#lastMs = ms;
  }

  /** @param percentile 0 to 100; the answer is 0 while there are no samples */
  percentileMs(percentile: number): number {
    if (this.#count === 0) return 0;
    const ms = this.#histogram.getValueAtPercentile(percentile) / usPerMs;
    return Math.min(this.#maxMs, Math.max(this.#minMs, ms));
  }

  /** `null` while there are no samples. */
  summary(): HopSummary | null {
    if (this.#count === 0) return null;
    return {
      count: this.#count,
      minMs: this.#minMs,
      p50Ms: this.percentileMs(50),
      p90Ms: this.percentileMs(90),
      p99Ms: this.percentileMs(99),
      maxMs: this.#maxMs,
      meanMs: this.#meanMs,
      deviationMs: Math.sqrt(this.#squares / this.#count),
      jitterMs: this.#jitterMs,
    };
  }

  /** The distribution in `bars` steps from the least to the largest value; empty while there are no samples. */
  bars(bars: number): HistogramBar[] {
    if (this.#count === 0) return [];
    const from = Math.max(1, Math.floor(this.#minMs * usPerMs));
    const to = Math.max(from + bars, Math.ceil(this.#maxMs * usPerMs) + 1);
    const edge = to / from > logarithmicFrom
      ? (i: number) => from * (to / from) ** (i / bars)
      : (i: number) => from + (to - from) * i / bars;
    const out: HistogramBar[] = [];
    for (let i = 0; i < bars; i++) {
      out.push({ fromMs: edge(i) / usPerMs, toMs: edge(i + 1) / usPerMs, count: 0 });
    }
    const values = this.#histogram.recordedValuesIterator;
    values.reset();
    while (values.hasNext()) {
      const { valueIteratedTo, countAddedInThisIterationStep } = values.next();
      const ms = this.#histogram.medianEquivalentValue(valueIteratedTo) / usPerMs;
      const bar = out.findLast((candidate) => candidate.fromMs <= ms) ?? out[0];
      bar.count += countAddedInThisIterationStep;
    }
    return out;
  }
}
