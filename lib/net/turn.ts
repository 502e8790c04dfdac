import { monotonicMs } from "./monotonic.ts";

/** What is to be done at the end of the turn is chained to it: cheaper than `queueMicrotask`, which makes a closure. */
export const turnEnd: Promise<void> = Promise.resolve();

let beganAtMs = 0;
let isKnown = false;

const forget = (): void => {
  isKnown = false;
};

/**
 * When this turn of the event loop began its work, near enough: the monotonic clock as it was when this was first asked for in
 * the turn, or when sockets were found to be ready for it, milliseconds. What is timed for each request takes it from here, because
 * a look at the clock costs as much as many of the other steps of a request. Of what lasts over turns nothing is lost: waiting for
 * its turn is counted.
 */
export function turnMs(): number {
  if (isKnown) return beganAtMs;
  isKnown = true;
  beganAtMs = monotonicMs();
  void turnEnd.then(forget);
  return beganAtMs;
}

/** For whoever begins turns by itself and has looked at the clock: its work begins now, at `nowMs`. {@link turnEnds} follows. */
export function turnBegins(nowMs: number): void {
  beganAtMs = nowMs;
  isKnown = true;
}

/** What comes after such a turn begins at a time of its own. */
export function turnEnds(): void {
  isKnown = false;
}
