import { needOf } from "./enough.ts";
import { applyLoad, type HttpLoader } from "./load/apply_load.ts";
import { rateOf } from "./load/sample.ts";
import { processUsage } from "./process_usage.ts";
import type { LoadResult, Measurement } from "./results.ts";
import { type LoadRow, unitOf } from "./rows.ts";
import { type Stack, type Way, ways } from "./stack.ts";

/** How often a row is repeated. */
export interface Effort {
  /** How long one rate is counted, whole seconds. */
  seconds: number;
  /**
   * Load before anything is counted, whole seconds. The tunnel's code is compiled while it runs, which takes three to four
   * seconds of load: what is cold is not what is measured.
   */
  warmUpSeconds: number;
  leastRounds: number;
  mostRounds: number;
  /**
   * No round is begun that would end later than this after the first one began, milliseconds. A row whose ratio is known, but not
   * on which side of its target it lies, has all of its rounds.
   */
  budgetMs: number;
}

/**
 * Measures a row on every way. The ways take turns within a round, in another order each round, so that a machine
 * whose speed drifts hits them alike.
 */
export async function measureRow(
  row: LoadRow,
  stack: Stack,
  options: { effort: Effort; httpLoader: HttpLoader },
): Promise<LoadResult> {
  const { effort, httpLoader } = options;
  const measured = ways.filter((way) => stack.ports[way] !== null);
  const rounds = new Map<Way, Measurement[]>(measured.map((way) => [way, []]));
  await applyLoad(row, { port: stack.ports.tunnel, seconds: effort.warmUpSeconds, httpLoader });
  const startedMs = performance.now();
  for (let round = 0; round < effort.mostRounds; round++) {
    for (let turn = 0; turn < measured.length; turn++) {
      const way = measured[(round + turn) % measured.length];
      rounds.get(way)!.push(await measure(row, stack, { way, seconds: effort.seconds, httpLoader }));
    }
    const elapsedMs = performance.now() - startedMs;
    if (isEnough(row, rounds, { done: round + 1, elapsedMs, effort })) break;
  }
  return {
    kind: "load",
    id: row.id,
    title: row.title,
    unit: unitOf(row),
    target: row.target,
    ways: {
      direct: rounds.get("direct")!,
      nginx: rounds.get("nginx") ?? null,
      tunnel: rounds.get("tunnel")!,
    },
    residentBytes: {
      gateway: processUsage(stack.tunnel.gateway.pid)?.residentBytes ?? null,
      runner: processUsage(stack.tunnel.runner.pid)?.residentBytes ?? null,
    },
  };
}

async function measure(
  row: LoadRow,
  stack: Stack,
  options: { way: Way; seconds: number; httpLoader: HttpLoader },
): Promise<Measurement> {
  const { way, seconds, httpLoader } = options;
  const cpuBefore = stack.cpuSeconds(way);
  const sample = await applyLoad(row, { port: stack.ports[way]!, seconds, httpLoader });
  const cpuAfter = stack.cpuSeconds(way);
  return {
    rate: rateOf(sample),
    p50Ms: sample.p50Ms,
    p99Ms: sample.p99Ms,
    cpuSeconds: cpuBefore === null || cpuAfter === null ? null : cpuAfter - cpuBefore,
    operations: sample.operations,
  };
}

function isEnough(
  row: LoadRow,
  rounds: Map<Way, Measurement[]>,
  progress: { done: number; elapsedMs: number; effort: Effort },
): boolean {
  const { done, elapsedMs, effort } = progress;
  if (done < effort.leastRounds) return false;
  const need = needOf({
    direct: rounds.get("direct")!,
    nginx: rounds.get("nginx") ?? null,
    tunnel: rounds.get("tunnel")!,
  }, row.target);
  if (need !== "spread") return need === "nothing";
  return elapsedMs + elapsedMs / done > effort.budgetMs;
}
