/** Smoothing of RFC 6298, section 2: alpha and beta. */
const alpha = 1 / 8;
const beta = 1 / 4;

/** A round trip this many times the baseline is out of band … */
const outOfBandFactor = 10;

/** … unless it is below this, milliseconds: on a fast link ten times the baseline is still nothing. */
const outOfBandFloorMs = 250;

/** Samples the baseline looks back on. */
const baselineSamples = 16;

/** Smoothed round-trip time and its variation (RFC 6298), and a baseline: the least of the recent samples. */
export class RttEstimate {
  #smoothedMs = 0;
  #variationMs = 0;
  #lastMs = 0;
  #minMs = Infinity;
  #maxMs = 0;
  #samples = 0;
  #recent: number[] = [];

  get samples(): number {
    return this.#samples;
  }

  /** Milliseconds; 0 before the first sample, like all others here. */
  get smoothedMs(): number {
    return this.#smoothedMs;
  }

  get variationMs(): number {
    return this.#variationMs;
  }

  get lastMs(): number {
    return this.#lastMs;
  }

  get minMs(): number {
    return this.#samples === 0 ? 0 : this.#minMs;
  }

  get maxMs(): number {
    return this.#maxMs;
  }

  get baselineMs(): number {
    return this.#recent.length === 0 ? 0 : Math.min(...this.#recent);
  }

  /** Whether a sample is so far above the baseline that it shows a stall rather than a slow link. */
  isOutOfBand(rttMs: number): boolean {
    return this.#samples > 0 && rttMs > outOfBandFloorMs && rttMs > this.baselineMs * outOfBandFactor;
  }

  /** @param rttMs a measured round trip, milliseconds, 0 or more */
  add(rttMs: number): void {
    if (this.#samples === 0) {
      this.#smoothedMs = rttMs;
      this.#variationMs = rttMs / 2;
    } else {
      this.#variationMs = (1 - beta) * this.#variationMs + beta * Math.abs(this.#smoothedMs - rttMs);
      this.#smoothedMs = (1 - alpha) * this.#smoothedMs + alpha * rttMs;
    }
    this.#samples++;
    this.#lastMs = rttMs;
    if (rttMs < this.#minMs) this.#minMs = rttMs;
    if (rttMs > this.#maxMs) this.#maxMs = rttMs;
    this.#recent.push(rttMs);
    if (this.#recent.length > baselineSamples) this.#recent.shift();
  }
}
