export interface BackoffOptions {
  /** Upper bound of the first wait, milliseconds. @default 100 */
  baseMs?: number;
  /** Upper bound of any wait, milliseconds. @default 10000 */
  maxMs?: number;
  /** Uniform in [0, 1). */
  random: () => number;
}

/**
 * Exponential backoff with full jitter: each wait is drawn from 0 to a bound that doubles, so that a
 * thousand runners that lost one gateway do not all come back at once.
 *
 * @see https://aws.amazon.com/builders-library/timeouts-retries-and-backoff-with-jitter/
 */
export class Backoff {
  readonly #baseMs: number;
  readonly #maxMs: number;
  readonly #random: () => number;
  #attempts = 0;

  constructor(options: BackoffOptions) {
    this.#baseMs = options.baseMs ?? 100;
    this.#maxMs = options.maxMs ?? 10_000;
    this.#random = options.random;
  }

  /** Waits asked for since the last reset. */
  get attempts(): number {
    return this.#attempts;
  }

  /** What the next wait is drawn below, milliseconds. */
  get boundMs(): number {
    return Math.min(this.#maxMs, this.#baseMs * 2 ** this.#attempts);
  }

  /** The next wait, milliseconds. */
  next(): number {
    const { boundMs } = this;
    this.#attempts++;
    return this.#random() * boundMs;
  }

  /** Takes back what the bound has grown beyond `boundMs`, for the next wait. */
  limit(boundMs: number): void {
    while (this.#attempts > 0 && this.boundMs > boundMs) this.#attempts--;
  }

  /** The attempt succeeded: begin again with the shortest wait. */
  reset(): void {
    this.#attempts = 0;
  }
}
