import type { LoadResult, Measurement } from "./results.ts";
import { median, pairwiseDifferences, pairwiseRatios, type Spread, spreadOf } from "./statistics.ts";

/** Of one way, over all rounds. */
export interface WaySummary {
  rate: number;
  p50Ms: number | null;
  p99Ms: number | null;
  /** CPU of the processes between generator and origin for one operation, microseconds. */
  cpuMicros: number | null;
}

/** What a row's rounds come to. */
export interface LoadSummary {
  rounds: number;
  direct: WaySummary;
  nginx: WaySummary | null;
  tunnel: WaySummary;
  /** The tunnel's rate over another way's, of each round. */
  perNginx: Spread | null;
  perDirect: Spread;
  /** The tunnel's median latency less the direct one, of each round, milliseconds. */
  addedMs: Spread | null;
  /** The tunnel's 99th percentile over two nginx's, median of the rounds. */
  p99PerNginx: number | null;
}

/** Works out medians and ratios. Ratios are taken within a round first, so that drift cancels out. */
export function summarize(result: LoadResult): LoadSummary {
  const { direct, nginx, tunnel } = result.ways;
  const rates = (way: Measurement[]) => way.map((measurement) => measurement.rate);
  const added = paired(tunnel, direct, "p50Ms", pairwiseDifferences);
  const p99 = nginx === null ? null : paired(tunnel, nginx, "p99Ms", pairwiseRatios);
  return {
    rounds: tunnel.length,
    direct: summarizeWay(direct),
    nginx: nginx === null ? null : summarizeWay(nginx),
    tunnel: summarizeWay(tunnel),
    perNginx: nginx === null ? null : spreadOf(pairwiseRatios(rates(tunnel), rates(nginx))),
    perDirect: spreadOf(pairwiseRatios(rates(tunnel), rates(direct))),
    addedMs: added === null ? null : spreadOf(added),
    p99PerNginx: p99 === null ? null : median(p99),
  };
}

function summarizeWay(measurements: Measurement[]): WaySummary {
  const cpu = measurements.map((one) =>
    one.cpuSeconds === null ? null : one.cpuSeconds / one.operations * 1e6
  );
  return {
    rate: median(measurements.map((one) => one.rate)),
    p50Ms: medianOfAll(measurements.map((one) => one.p50Ms)),
    p99Ms: medianOfAll(measurements.map((one) => one.p99Ms)),
    cpuMicros: medianOfAll(cpu),
  };
}

function paired(
  tunnel: Measurement[],
  other: Measurement[],
  field: "p50Ms" | "p99Ms",
  combine: (tunnel: number[], other: number[]) => number[],
): number[] | null {
  const mine = allOf(tunnel.map((one) => one[field]));
  const theirs = allOf(other.map((one) => one[field]));
  return mine === null || theirs === null ? null : combine(mine, theirs);
}

function medianOfAll(values: (number | null)[]): number | null {
  const all = allOf(values);
  return all === null ? null : median(all);
}

/** The values, or `null` when one is missing. */
function allOf(values: (number | null)[]): number[] | null {
  const present = values.filter((value) => value !== null);
  return present.length === values.length ? present : null;
}
