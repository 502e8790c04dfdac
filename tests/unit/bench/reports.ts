import type { LoadResult, Measurement, Report, RowResult } from "../../bench/results.ts";

/** A measurement of a given rate and latency, with 1000 operations and 10 ms of CPU. */
export function measurement(rate: number, p50Ms = 1, p99Ms = 2): Measurement {
  return { rate, p50Ms, p99Ms, operations: 1000, cpuSeconds: 0.01 };
}

/** A row with one measurement a round and way. */
export function loadResult(
  ways: { direct: Measurement[]; nginx: Measurement[] | null; tunnel: Measurement[] },
  rest: Partial<LoadResult> = {},
): LoadResult {
  return {
    kind: "load",
    id: "http32",
    title: "HTTP, 5 bytes, 32 connections",
    unit: "requests/s",
    target: null,
    ways,
    residentBytes: { gateway: 80 * 1024 ** 2, runner: null },
    ...rest,
  };
}

export function reportOf(rows: RowResult[], rest: Partial<Report> = {}): Report {
  return {
    format: "tunnel-bench",
    version: 1,
    at: "2025-01-01T00:00:00.000Z",
    environment: {
      deno: "2.9.6",
      v8: "15.0",
      nginx: "1.22.1",
      wrk: "4.1.0",
      kernel: "linux 6",
      cpu: "one",
      cores: 2,
    },
    settings: { seconds: 3, quick: false, httpLoader: "wrk" },
    rows,
    scale: null,
    ...rest,
  };
}
