import type { Clock, Timer } from "./clock.ts";

/** A timer that comes so late was not late by load: the process stood still (SIGSTOP, a suspended machine), milliseconds. */
const standstillMs = 500;

/** What has come meanwhile lies in the kernel, and is read within this, milliseconds. */
const defaultGraceMs = 1_000;

/** It may be stopped again meanwhile. But one that is always late, because it has too much to do, must come to an end, too. */
const mostGraces = 5;

/** Whether a process that looks at something due at `dueMs` only at `nowMs` must have stood still in between. */
export function stoodStill(dueMs: number, nowMs: number): boolean {
  return nowMs - dueMs >= standstillMs;
}

/**
 * Calls `run` once, after `ms` milliseconds in which something else did not happen. When this process has stood still
 * at their end, it may have happened unseen: then `run` is called `graceMs` later, unless it is cancelled before. The same
 * holds for that time, for a few times.
 */
export function afterAwake(
  clock: Clock,
  run: () => void,
  { ms, graceMs = defaultGraceMs }: { ms: number; graceMs?: number },
): Timer {
  let timer: Timer;
  let graces = mostGraces;
  const wait = (waitMs: number) => {
    const dueMs = clock.monotonicMs() + waitMs;
    timer = clock.after(waitMs, () => {
      if (graces-- > 0 && stoodStill(dueMs, clock.monotonicMs())) wait(graceMs);
      else run();
    });
  };
  wait(ms);
  return { cancel: () => timer.cancel() };
}
