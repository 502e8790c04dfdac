import * as hdr from "hdr-histogram-js";

/** One step of the histogram, milliseconds: fine enough for round trips on a loopback. */
const stepMs = 0.0001;
const longestMs = 60_000;

/** Latencies of one run, in constant memory, three digits exact. */
export class Latencies {
  readonly #histogram = hdr.build({
    lowestDiscernibleValue: 1,
    highestTrackableValue: longestMs / stepMs,
    numberOfSignificantValueDigits: 3,
  });

  record(ms: number): void {
    this.#histogram.recordValue(Math.min(Math.max(Math.round(ms / stepMs), 1), longestMs / stepMs));
  }

  /** @param percentile 0 to 100 */
  atPercentile(percentile: number): number {
    return this.#histogram.getValueAtPercentile(percentile) * stepMs;
  }

  get count(): number {
    return this.#histogram.totalCount;
  }
}
