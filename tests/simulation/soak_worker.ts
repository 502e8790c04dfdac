/// <reference lib="deno.worker" />
import { simulate } from "./simulate.ts";
import type { Batch, BatchResult } from "./soak.ts";

/** Runs one batch of seeds after another for `soak.ts`. */
self.onmessage = ({ data }: MessageEvent<Batch>) => {
  let steps = 0;
  let letters = 0;
  for (let seed = data.from; seed < data.to; seed++) {
    try {
      const report = simulate(seed);
      steps += report.steps;
      letters += report.letters;
    } catch (error) {
      const message = error instanceof Error ? error.message : String(error);
      self.postMessage({ ...data, steps, letters, failed: { seed, message } } satisfies BatchResult);
      return;
    }
  }
  self.postMessage({ ...data, steps, letters, failed: null } satisfies BatchResult);
};
