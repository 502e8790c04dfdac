let read = (): number => performance.now();

/** Monotonic time for every interval and timeout, milliseconds with fractions, as `performance.now()` has it. */
export function monotonicMs(): number {
  return read();
}

/** From now on {@link monotonicMs} looks at the same clock by `other`, which takes less time. */
export function readMonotonicBy(other: () => number): void {
  read = other;
}
