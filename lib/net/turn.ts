import { monotonicMs } from "./monotonic.ts";

/** What is awaited to get to the end of the turn. */
export const turnEnd: Promise<void> = Promise.resolve();

let putOff = 0;
let followed: "never" | "in this turn" | "always" = "never";

/** Calls `run` at the end of this turn, behind all that was put off to it before. Cheaper than `queueMicrotask`, which makes a closure. */
export function afterTurn(run: () => void): void {
  putOff++;
  void turnEnd.then(run);
}

/** How often {@link afterTurn} was called so far: who waits for the end of a turn sees whether more was put off meanwhile. */
export function timesPutOff(): number {
  return putOff;
}

/**
 * What a socket has brought leads on to promises, which {@link timesPutOff} does not count: who waits for the end of the turn waits
 * for some steps of theirs, too.
 *
 * @param when `always`: in each turn from now on, for a program's own handlers may do anything
 */
export function promisesFollow(when: "in this turn" | "always"): void {
  if (followed !== "always") followed = when;
}

/** Whether {@link promisesFollow} was called in this turn, or for always. */
export function doPromisesFollow(): boolean {
  return followed !== "never";
}

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
  if (followed === "in this turn") followed = "never";
}

/** What comes after such a turn begins at a time of its own. */
export function turnEnds(): void {
  isKnown = false;
}
