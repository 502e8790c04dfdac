import type { Clock, Timer } from "../../lib/link/mod.ts";

interface Due {
  atMs: number;
  run: (() => void) | null;
}

/** Where the wall clock begins, milliseconds since 1970. */
const epochMs = Date.UTC(2026, 6, 30, 10);

/** Time that passes when it is told to: timers run in order, each a turn of the event loop with its microtasks. */
export class VirtualClock implements Clock {
  #nowMs = 0;
  #wallAheadMs = 0;
  #timers: Due[] = [];
  #microtasks: (() => void)[] = [];

  monotonicMs(): number {
    return this.#nowMs;
  }

  turnMs(): number {
    return this.#nowMs;
  }

  wallUs(): number {
    return Math.round((epochMs + this.#nowMs + this.#wallAheadMs) * 1000);
  }

  after(ms: number, run: () => void): Timer {
    const due: Due = { atMs: this.#nowMs + ms, run };
    this.#timers.push(due);
    return { cancel: () => due.run = null };
  }

  microtask(run: () => void): void {
    this.#microtasks.push(run);
  }

  /** Timers that have not run and were not cancelled. */
  get pending(): number {
    return this.#timers.filter(({ run }) => run !== null).length;
  }

  /** Runs `turn` as a turn of the event loop. */
  turn(turn: () => void): void {
    turn();
    for (let next = this.#microtasks.shift(); next !== undefined; next = this.#microtasks.shift()) next();
  }

  /** Lets `ms` pass. */
  advance(ms: number): void {
    const untilMs = this.#nowMs + ms;
    this.turn(() => {});
    while (true) {
      const due = this.#next();
      if (due === null || due.atMs > untilMs) break;
      const { run } = due;
      this.#nowMs = Math.max(this.#nowMs, due.atMs);
      due.run = null;
      this.turn(run!);
    }
    this.#nowMs = untilMs;
  }

  /** The machine sleeps: its wall clock goes on, its monotonic clock and its timers do not. */
  sleep(ms: number): void {
    this.#wallAheadMs += ms;
  }

  /** The machine stands still with both clocks going on: timers that came due meanwhile run at its end. */
  freeze(ms: number): void {
    this.#nowMs += ms;
  }

  #next(): Due | null {
    this.#timers = this.#timers.filter(({ run }) => run !== null);
    return this.#timers.reduce<Due | null>((a, b) => a === null || b.atMs < a.atMs ? b : a, null);
  }
}
