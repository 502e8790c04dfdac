/** What is to be done at the end of the turn is chained to it: cheaper than `queueMicrotask`, which makes a closure. */
export const turnEnd: Promise<void> = Promise.resolve();

let beganAtMs = 0;
let isKnown = false;

const forget = (): void => {
  isKnown = false;
};

/**
 * When this turn of the event loop began its work, near enough: the monotonic clock as it was when this was first asked for in
 * the turn, milliseconds. What is timed for each request takes it from here, because a look at the clock costs as much
 * as many of the other steps of a request. Of what lasts over turns nothing is lost: waiting for its turn is counted.
 */
export function turnMs(): number {
  if (isKnown) return beganAtMs;
  isKnown = true;
  beganAtMs = performance.now();
  void turnEnd.then(forget);
  return beganAtMs;
}
