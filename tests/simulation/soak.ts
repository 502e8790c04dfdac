/**
 * Many simulated worlds, or one of them step by step:
 *
 * ```
 * deno task soak --seeds 1000000 [--from 0]    all seeds, over all cores, until one fails
 * deno task soak --seed 4711                   one seed: what became of it
 * deno task soak --seed 4711 --trace           and everything that happened
 * ```
 */
import { parseArgs } from "node:util";
import { planOf } from "./plan.ts";
import { simulate } from "./simulate.ts";

/** Seeds `from` up to, not including, `to`. */
export interface Batch {
  from: number;
  to: number;
}

export interface BatchResult extends Batch {
  steps: number;
  letters: number;
  failed: { seed: number; message: string } | null;
}

const seedsPerBatch = 100;
const tellEveryMs = 5_000;

function print(line: string): void {
  Deno.stdout.writeSync(new TextEncoder().encode(line + "\n"));
}

function wholeNumber(text: string, flag: string): number {
  const value = Number(text);
  if (!/^\d+$/.test(text) || !Number.isSafeInteger(value)) {
    print(`--${flag} must be a whole number from 0 on, found ${JSON.stringify(text)}`);
    Deno.exit(2);
  }
  return value;
}

/** One seed. Exit status 0 when all went well, 1 when not. */
function replay(seed: number, trace: boolean): number {
  const { scripts, faults, ...rest } = planOf(seed);
  print(JSON.stringify(rest));
  if (trace) {
    for (const [id, script] of scripts.entries()) print(`conversation ${id} ${JSON.stringify(script)}`);
    for (const fault of faults) print(`fault ${JSON.stringify(fault)}`);
  }
  try {
    print(JSON.stringify(simulate(seed, { tell: trace ? print : undefined })));
    return 0;
  } catch (error) {
    print(error instanceof Error ? error.stack ?? error.message : String(error));
    return 1;
  }
}

/** All seeds of a range. Settles with the exit status. */
function soak(from: number, seeds: number): Promise<number> {
  const to = from + seeds;
  const startedAt = performance.now();
  let next = from;
  let done = 0;
  let steps = 0;
  let letters = 0;
  let toldAt = startedAt;
  const tell = () => {
    const seconds = (performance.now() - startedAt) / 1000;
    print(
      `${done} of ${seeds} seeds, ${steps} steps, ${letters} letters, ` +
        `${Math.round(done / seconds)} seeds a second`,
    );
  };
  return new Promise((resolve) => {
    let busy = 0;
    for (let i = 0; i < navigator.hardwareConcurrency; i++) {
      const worker = new Worker(new URL("./soak_worker.ts", import.meta.url), { type: "module" });
      const giveWork = () => {
        if (next >= to) {
          worker.terminate();
          busy--;
          if (busy > 0) return;
          tell();
          resolve(0);
          return;
        }
        const batch: Batch = { from: next, to: Math.min(to, next + seedsPerBatch) };
        next = batch.to;
        worker.postMessage(batch);
      };
      worker.onmessage = ({ data }: MessageEvent<BatchResult>) => {
        if (data.failed !== null) {
          print(`seed ${data.failed.seed} failed: ${data.failed.message}`);
          print(`deno task soak --seed ${data.failed.seed} --trace`);
          resolve(1);
          return;
        }
        done += data.to - data.from;
        steps += data.steps;
        letters += data.letters;
        if (performance.now() - toldAt > tellEveryMs) {
          toldAt = performance.now();
          tell();
        }
        giveWork();
      };
      busy++;
      giveWork();
    }
  });
}

if (import.meta.main) {
  const { values } = parseArgs({
    options: {
      seeds: { type: "string" },
      from: { type: "string", default: "0" },
      seed: { type: "string" },
      trace: { type: "boolean", default: false },
    },
  });
  Deno.exit(
    values.seed !== undefined
      ? replay(wholeNumber(values.seed, "seed"), values.trace)
      : await soak(wholeNumber(values.from, "from"), wholeNumber(values.seeds ?? "10000", "seeds")),
  );
}
