/** The four timestamps of one exchange, and the round trip as the monotonic clock saw it. Microseconds. */
export interface ClockSample {
  /** On this end's wall clock. */
  sentAtUs: number;
  /** On the peer's wall clock. */
  receivedAtUs: number;
  repliedAtUs: number;
  /** On this end's wall clock. */
  returnedAtUs: number;
  rttUs: number;
}

/** Exchanges kept; NTP's clock filter keeps as many (RFC 5905, section 10). */
const filterSamples = 8;

/**
 * How far the peer's wall clock is ahead of ours, as NTP reckons it (RFC 5905, section 8): of the last eight
 * exchanges the one with the shortest delay is believed, and half its delay is how wrong it can be.
 * For display alone: no decision rests on it.
 */
export class ClockOffset {
  #samples: { offsetUs: number; delayUs: number }[] = [];

  get known(): boolean {
    return this.#samples.length > 0;
  }

  /** Peer's clock minus ours, milliseconds; 0 when nothing is known. */
  get offsetMs(): number {
    return (this.#best()?.offsetUs ?? 0) / 1000;
  }

  /** The offset is right to within plus or minus this, milliseconds. */
  get uncertaintyMs(): number {
    return (this.#best()?.delayUs ?? 0) / 2000;
  }

  add(sample: ClockSample): void {
    const offsetUs = (sample.receivedAtUs - sample.sentAtUs + sample.repliedAtUs - sample.returnedAtUs) / 2;
    // Delay by the monotonic clock, so that a wall clock set in between cannot make it negative.
    const delayUs = Math.max(0, sample.rttUs - Math.max(0, sample.repliedAtUs - sample.receivedAtUs));
    this.#samples.push({ offsetUs, delayUs });
    if (this.#samples.length > filterSamples) this.#samples.shift();
  }

  #best(): { offsetUs: number; delayUs: number } | undefined {
    let best = this.#samples[0];
    for (const sample of this.#samples) if (sample.delayUs < best.delayUs) best = sample;
    return best;
  }
}
