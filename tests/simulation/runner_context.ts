import type { Process } from "./schedule.ts";
import type { Random } from "./random.ts";

/** How an origin's program treats what it is given. */
export interface RunnerContext {
  readonly process: Process;
  readonly random: Random;
  /** Time the origin takes to accept a connection, milliseconds at most. */
  readonly dialMs: number;
  /**
   * A bug on purpose: letters are acknowledged when they arrive, before the program is handed them, so that those
   * in between are lost when the process dies. Shows that the simulation notices.
   */
  readonly careless: boolean;
}
