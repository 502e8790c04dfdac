/** Monotonic time for every interval and timeout, milliseconds with fractions. */
export function monotonicMs(): number {
  return performance.now();
}

/** Wall-clock time, microseconds since 1970: for display and the clock-offset estimate alone. */
export function wallUs(): number {
  return Date.now() * 1000;
}
