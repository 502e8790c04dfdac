import { afterTurn, monotonicMs, turnMs } from "../net/mod.ts";

/** Wall-clock time, microseconds since 1970: for display and the clock-offset estimate alone. */
export function wallUs(): number {
  return Date.now() * 1000;
}

/** Something that will happen, unless it is cancelled before. */
export interface Timer {
  cancel(): void;
}

/**
 * Time as links, sessions and exchanges have it. They take it from here alone, so that the same code runs in virtual
 * time, where whole worlds of them are simulated.
 */
export interface Clock {
  monotonicMs(): number;
  /** {@link monotonicMs} as it was early in this turn of the event loop: cheap enough for every request. */
  turnMs(): number;
  wallUs(): number;
  /** Calls `run` once, after `ms` milliseconds. */
  after(ms: number, run: () => void): Timer;
  /** Calls `run` at the end of this turn of the event loop. */
  microtask(run: () => void): void;
}

/** The system's clocks and timers. */
export const systemClock: Clock = {
  monotonicMs,
  turnMs,
  wallUs,
  after(ms, run) {
    const timer = setTimeout(run, ms);
    return { cancel: () => clearTimeout(timer) };
  },
  microtask: afterTurn,
};
