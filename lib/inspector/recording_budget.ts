/**
 * How much may be recorded a second (a token bucket). A tunnel that carries more than a person could look at is not
 * slowed down by recording it: what goes by unrecorded is counted.
 */
export class RecordingBudget {
  readonly #burst: number;
  #perSecond: number;
  #tokens: number;
  #refilledAtMs: number;
  #refused = 0;

  /** @param options `burst`: what may be recorded at once; `nowMs`: on any monotonic clock */
  constructor(options: { perSecond: number; burst: number; nowMs: number }) {
    this.#perSecond = options.perSecond;
    this.#burst = options.burst;
    this.#tokens = options.burst;
    this.#refilledAtMs = options.nowMs;
  }

  /** What was not recorded so far. */
  get refused(): number {
    return this.#refused;
  }

  set perSecond(perSecond: number) {
    this.#perSecond = perSecond;
  }

  /**
   * How many of so many more may be recorded.
   *
   * @param nowMs on the clock of the constructor's `nowMs`
   * @param count 1 or more that come at once
   */
  take(nowMs: number, count = 1): number {
    const earned = (nowMs - this.#refilledAtMs) / 1000 * this.#perSecond;
    if (earned >= 1) {
      this.#tokens = Math.min(this.#burst, this.#tokens + earned);
      this.#refilledAtMs = nowMs;
    }
    const taken = Math.min(count, Math.floor(this.#tokens));
    this.#tokens -= taken;
    this.#refused += count - taken;
    return taken;
  }
}
