import { simulate } from "./simulate.ts";

/** Runs the worlds of `count` seeds; a failure names its seed and how to see it step by step. */
export function simulateSeeds(from: number, count: number): void {
  for (let seed = from; seed < from + count; seed++) {
    try {
      simulate(seed);
    } catch (cause) {
      const message = cause instanceof Error ? cause.message : String(cause);
      throw new Error(`${message} (deno task soak --seed ${seed} --trace)`, { cause });
    }
  }
}
