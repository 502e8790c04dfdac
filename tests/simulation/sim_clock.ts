import type { Clock } from "../../lib/link/mod.ts";
import type { Process } from "./schedule.ts";

/** The clock and timers of a simulated process: they stand still while it is stopped, and end with it. */
export function clockOf(process: Process): Clock {
  const { schedule } = process;
  return {
    monotonicMs: () => schedule.now,
    turnMs: () => schedule.now,
    wallUs: () => Math.floor(schedule.now * 1000),
    after: (ms, run) => process.after(ms, run),
    microtask: (run) => process.microtask(run),
  };
}
