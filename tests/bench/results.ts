import type { Target } from "./rows.ts";

/** One way's part of one round. */
export interface Measurement {
  /** Operations a second, in the row's unit. */
  rate: number;
  p50Ms: number | null;
  p99Ms: number | null;
  operations: number;
  /** CPU used by the processes between generator and origin; `null` where that cannot be read. */
  cpuSeconds: number | null;
}

/** A row measured on every way; lists hold one entry a round, entries of one round belong together. */
export interface LoadResult {
  kind: "load";
  id: string;
  title: string;
  unit: string;
  target: Target | null;
  ways: { direct: Measurement[]; nginx: Measurement[] | null; tunnel: Measurement[] };
  /** After the row. */
  residentBytes: { gateway: number | null; runner: number | null };
}

/** A figure of the tunnel alone; less is better. */
export interface FigureResult {
  kind: "figure";
  id: string;
  title: string;
  unit: string;
  target: Target | null;
  /** One entry a repetition. */
  values: number[];
  /** How far each value may be off by the way it is read, in the row's unit. */
  resolution: number;
}

export type RowResult = LoadResult | FigureResult;

/** What one size of a growing number of streams or links costs. */
export interface ScalePoint {
  /** Streams on one link, or links. */
  count: number;
  /** One entry a round: messages a second, and the median round trip. */
  rates: number[];
  p50Ms: number[];
  /** CPU of the gateway for one message, microseconds, one entry a round; `null` where that cannot be read. */
  gatewayMicros: number[] | null;
  gatewayResidentBytes: number | null;
  /** CPU of the gateway while everything is open and silent, percent of a core. */
  idleCpuPercent: number | null;
}

/** How cost grows. */
export interface ScaleResult {
  /** WebSockets on one link; at most 32 of them send. */
  streams: ScalePoint[];
  /** Links to one gateway; 100 WebSockets that all send are spread over them. */
  links: ScalePoint[];
}

/** On what a run was made. */
export interface Environment {
  deno: string;
  v8: string;
  nginx: string | null;
  wrk: string | null;
  kernel: string;
  cpu: string;
  cores: number;
}

/** A whole run, as `--json` writes it. */
export interface Report {
  format: "tunnel-bench";
  version: 1;
  /** When the run began, RFC 3339. */
  at: string;
  environment: Environment;
  settings: { seconds: number; quick: boolean; httpLoader: "wrk" | "own" };
  rows: RowResult[];
  scale: ScaleResult | null;
}

/** A file is not a report of this version. */
export class ReportError extends Error {
  override readonly name = "ReportError";
}

/**
 * Reads what `--json` wrote.
 *
 * @throws {ReportError} when `text` is anything else
 */
export function parseReport(text: string): Report {
  let report: Partial<Report> | null;
  try {
    report = JSON.parse(text);
  } catch (cause) {
    throw new ReportError("it is not JSON", { cause });
  }
  if (report?.format !== "tunnel-bench") throw new ReportError("it is not a benchmark's report");
  if (report.version !== 1) throw new ReportError(`its version is ${report.version}, version 1 is read`);
  if (!Array.isArray(report.rows) || report.environment === undefined || report.settings === undefined) {
    throw new ReportError("rows, environment or settings are missing");
  }
  return report as Report;
}
