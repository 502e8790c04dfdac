/** Round trips of one stretch of time. */
export interface RttBin {
  startUs: number;
  endUs: number;
  count: number;
  minMs: number;
  meanMs: number;
  maxMs: number;
}

const maxBins = 1024;
const firstWidthUs = 10_000;

/** Pings that are remembered until their pong comes, a link. */
const maxOutstanding = 64;

/**
 * Round-trip times of the capturing side's pings over time, in at most 1024 stretches of equal length: however long
 * the capture, when they are full two become one.
 */
export class RttSeries {
  #widthUs = firstWidthUs;
  #bins: ({ count: number; sum: number; min: number; max: number } | undefined)[] = [];
  readonly #sent = new Map<number, Map<number, number>>();
  count = 0;
  minMs = Infinity;
  maxMs = 0;
  #sumMs = 0;

  get meanMs(): number {
    return this.count === 0 ? 0 : this.#sumMs / this.count;
  }

  pingSent(link: number, sequence: number, timeUs: number): void {
    let pings = this.#sent.get(link);
    if (pings === undefined) this.#sent.set(link, pings = new Map());
    pings.set(sequence, timeUs);
    if (pings.size <= maxOutstanding) return;
    for (const oldest of pings.keys()) {
      pings.delete(oldest);
      return;
    }
  }

  /** @returns the round trip, milliseconds; `null` when the pong answers no ping that was seen */
  pongReceived(link: number, sequence: number, timeUs: number): number | null {
    const pings = this.#sent.get(link);
    const sentUs = pings?.get(sequence);
    if (sentUs === undefined) return null;
    pings!.delete(sequence);
    const rttMs = (timeUs - sentUs) / 1000;
    this.#add(timeUs, rttMs);
    return rttMs;
  }

  linkEnded(link: number): void {
    this.#sent.delete(link);
  }

  /** Stretches with round trips in them, in order of time. */
  bins(): RttBin[] {
    const bins: RttBin[] = [];
    for (const [i, bin] of this.#bins.entries()) {
      if (bin === undefined) continue;
      bins.push({
        startUs: i * this.#widthUs,
        endUs: (i + 1) * this.#widthUs,
        count: bin.count,
        minMs: bin.min,
        meanMs: bin.sum / bin.count,
        maxMs: bin.max,
      });
    }
    return bins;
  }

  #add(timeUs: number, rttMs: number): void {
    this.count++;
    this.#sumMs += rttMs;
    this.minMs = Math.min(this.minMs, rttMs);
    this.maxMs = Math.max(this.maxMs, rttMs);
    while (timeUs >= this.#widthUs * maxBins) this.#double();
    const at = Math.floor(timeUs / this.#widthUs);
    while (this.#bins.length <= at) this.#bins.push(undefined);
    const bin = this.#bins[at] ??= { count: 0, sum: 0, min: Infinity, max: 0 };
    bin.count++;
    bin.sum += rttMs;
    bin.min = Math.min(bin.min, rttMs);
    bin.max = Math.max(bin.max, rttMs);
  }

  #double(): void {
    const bins = this.#bins;
    this.#widthUs *= 2;
    this.#bins = [];
    for (let i = 0; i < bins.length; i += 2) {
      const [a, b] = [bins[i], bins[i + 1]];
      if (a === undefined || b === undefined) this.#bins.push(a ?? b);
      else {
        const { min, max } = Math;
        this.#bins.push({
          count: a.count + b.count,
          sum: a.sum + b.sum,
          min: min(a.min, b.min),
          max: max(a.max, b.max),
        });
      }
    }
  }
}
