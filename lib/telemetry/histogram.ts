/**
 * Counts values in buckets of fixed bounds, as Prometheus has them. One is kept for a whole process and observed for
 * every request, so that it is plain numbers in one array.
 */
export class Histogram {
  /** Upper bounds, each included, ascending. */
  readonly bounds: readonly number[];
  /** Values in each bucket, not cumulative; the last is for those above every bound. */
  readonly counts: Float64Array;
  #sum = 0;

  constructor(bounds: readonly number[]) {
    this.bounds = bounds;
    this.counts = new Float64Array(bounds.length + 1);
  }

  /** Of all values. */
  get sum(): number {
    return this.#sum;
  }

  get count(): number {
    let count = 0;
    for (const inBucket of this.counts) count += inBucket;
    return count;
  }

  observe(value: number): void {
    const { bounds } = this;
    let bucket = 0;
    while (bucket < bounds.length && value > bounds[bucket]) bucket++;
    this.counts[bucket]++;
    this.#sum += value;
  }
}
