import { setTimeout as delay } from "node:timers/promises";

/** What time is told and waited for by. */
export interface PaceClock {
  /** Monotonic, milliseconds. */
  now(): number;
  /** @throws `signal.reason` or an `AbortError` when it is aborted */
  wait(ms: number, signal: AbortSignal): Promise<void>;
}

const systemClock: PaceClock = {
  now: () => performance.now(),
  wait: async (ms, signal) => {
    await delay(ms, undefined, { signal });
  },
};

/** Recorded time, replayed: as it was, faster, or without waiting. */
export class Pace {
  readonly #speed: number;
  readonly #clock: PaceClock;

  /** @param speed 1: as recorded; 10: ten times as fast; `Infinity`: nothing is waited for */
  constructor(speed: number, clock: PaceClock = systemClock) {
    this.#speed = speed;
    this.#clock = clock;
  }

  /** Milliseconds. */
  now(): number {
    return this.#clock.now();
  }

  /**
   * Waits until `recordedUs` have passed at this pace since `sinceMs`; not at all when they have.
   *
   * @throws when `signal` is aborted
   */
  async since(sinceMs: number, recordedUs: number, signal: AbortSignal): Promise<void> {
    signal.throwIfAborted();
    const leftMs = sinceMs + recordedUs / 1000 / this.#speed - this.#clock.now();
    if (leftMs > 0) await this.#clock.wait(leftMs, signal);
  }
}
