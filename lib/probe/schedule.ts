export interface ScheduleOptions {
  /** When the first probe leaves, on the monotonic clock, milliseconds. */
  startMs: number;
  intervalMs: number;
  /** How many in all; `Infinity` for no end. */
  count: number;
  /** A probe that could not leave for this long is skipped: it would have been given up by now, milliseconds. */
  skipAfterMs: number;
}

/** One probe that leaves now. */
export interface DueProbe {
  /** 0 and up. Skipped ones leave a gap. */
  sequence: number;
  /** How late it leaves, milliseconds. */
  lagMs: number;
}

/**
 * When probes leave: at `start + n × interval`, whatever the answers do and however late an earlier one left.
 * A sender that waited for answers would send least when the link is worst, and so hide what it is to show
 * (coordinated omission; G. Tene, "How NOT to measure latency", 2013). Pure: time comes in as an argument.
 */
export class Schedule {
  readonly #options: ScheduleOptions;
  #next = 0;
  #skipped = 0;

  constructor(options: ScheduleOptions) {
    this.#options = options;
  }

  /** Whether every probe has left or was skipped. */
  get done(): boolean {
    return this.#next >= this.#options.count;
  }

  /** Probes that never left, because this process stood still for too long. */
  get skipped(): number {
    return this.#skipped;
  }

  /** When the next probe leaves, on the monotonic clock; `Infinity` when none does. */
  get nextAtMs(): number {
    return this.done ? Infinity : this.#dueAt(this.#next);
  }

  /** The probes that are due by `nowMs`, in order. */
  take(nowMs: number): DueProbe[] {
    const due: DueProbe[] = [];
    while (!this.done) {
      const lagMs = nowMs - this.#dueAt(this.#next);
      if (lagMs < 0) break;
      const sequence = this.#next++;
      if (lagMs > this.#options.skipAfterMs) this.#skipped++;
      else due.push({ sequence, lagMs });
    }
    return due;
  }

  #dueAt(sequence: number): number {
    return this.#options.startMs + sequence * this.#options.intervalMs;
  }
}
