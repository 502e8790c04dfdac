/**
 * After a refusal so many more are refused without a look at the clock: where exchanges come faster than they may be
 * recorded, looking is what costs most.
 */
const refusedBlindly = 7;

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
  #blind = 0;

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

  /** Whether one more may be recorded. @param now on the clock of the constructor's `nowMs` */
  take(now: () => number): boolean {
    if (this.#blind > 0) {
      this.#blind--;
      this.#refused++;
      return false;
    }
    const nowMs = now();
    const earned = (nowMs - this.#refilledAtMs) / 1000 * this.#perSecond;
    if (earned >= 1) {
      this.#tokens = Math.min(this.#burst, this.#tokens + earned);
      this.#refilledAtMs = nowMs;
    }
    if (this.#tokens >= 1) {
      this.#tokens--;
      return true;
    }
    this.#refused++;
    this.#blind = refusedBlindly;
    return false;
  }
}
