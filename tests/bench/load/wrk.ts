import type { Sample } from "./sample.ts";

const msPerUnit: Record<string, number> = { us: 0.001, ms: 1, s: 1000, m: 60_000 };

/**
 * Reads what `wrk --latency` printed.
 *
 * @throws {Error} when requests failed, for then the rate means nothing, or when the report is not one of wrk's
 */
export function parseWrk(report: string): Sample {
  const failed = /^\s*(Socket errors:.*|Non-2xx or 3xx responses:.*)$/m.exec(report);
  if (failed !== null) throw new Error(`wrk saw failures: ${failed[1]}`);
  const total = /(\d+) requests in ([\d.]+)(us|ms|s|m)/.exec(report);
  if (total === null || Number(total[1]) === 0) throw new Error(`wrk completed no request:\n${report}`);
  return {
    operations: Number(total[1]),
    seconds: Number(total[2]) * msPerUnit[total[3]] / 1000,
    p50Ms: percentile(report, 50),
    p99Ms: percentile(report, 99),
  };
}

function percentile(report: string, percent: number): number {
  const match = new RegExp(`^\\s*${percent}%\\s+([\\d.]+)(us|ms|s|m)\\s*$`, "m").exec(report);
  if (match === null) throw new Error(`wrk printed no ${percent} % latency:\n${report}`);
  return Number(match[1]) * msPerUnit[match[2]];
}
