import type { Calls } from "./libc.ts";

/** SCHED_OTHER and SCHED_BATCH of sched(7), for this thread. Threads and processes that it starts meanwhile remain as it is then. */
const normal = 0;
const batch = 3;

/** How the system shares out its processors to the thread that calls. */
export class Scheduling {
  readonly #calls: Calls;
  /** Somebody may have given the process another policy, which is then its own matter. */
  #isOurs: boolean;

  constructor(calls: Calls) {
    this.#calls = calls;
    this.#isOurs = calls.sched_getscheduler(0) === normal;
  }

  /** Makes this thread a batch task, or a normal one again. What cannot be had is done without: it works all the same. */
  set(isBatch: boolean): void {
    if (!this.#isOurs) return;
    // A `struct sched_param` whose priority is 0, as both must have it.
    const result = this.#calls.sched_setscheduler(0, isBatch ? batch : normal, new Uint8Array(4));
    // A sandbox may forbid it.
    if (result !== 0) this.#isOurs = false;
  }
}
