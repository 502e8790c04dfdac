import { formatAdded, formatMebibytes, formatNumber, formatRatio } from "./format.ts";
import { markdownTable } from "./markdown_table.ts";
import type { Environment, FigureResult, LoadResult, Report, ScalePoint } from "./results.ts";
import { median, spreadOf } from "./statistics.ts";
import { summarize } from "./summary.ts";
import { describeVerdicts, judgeFigure, judgeLoad } from "./verdict.ts";

/** One line that says on what the run was made. */
export function environmentText(environment: Environment, httpLoader: "wrk" | "own"): string {
  const { deno, v8, nginx, wrk, kernel, cpu, cores } = environment;
  const loader = httpLoader === "wrk" ? `wrk ${wrk} with one thread` : "the benchmark's own, one process";
  return [
    `deno ${deno} (V8 ${v8}), nginx ${nginx ?? "not installed"}, ${kernel}, ${cores} × ${cpu}`,
    `HTTP load: ${loader}; WebSocket load and transfers: the benchmark's own, one process`,
  ].join("\n");
}

/** The tables of a run. */
export function reportText(report: Report): string {
  const loads = report.rows.filter((row) => row.kind === "load");
  const figures = report.rows.filter((row) => row.kind === "figure");
  const parts: string[] = [];
  if (loads.length > 0) parts.push(rateTable(loads), costTable(loads));
  if (figures.length > 0) parts.push(figureTable(figures));
  if (report.scale !== null) {
    parts.push(scaleTable("streams on one link", report.scale.streams));
    parts.push(scaleTable("links to one gateway", report.scale.links));
  }
  if (loads.length > 0 && report.environment.nginx === null) {
    parts.push("nginx is not installed: rows are held against the origin alone.");
  }
  return parts.join("\n\n");
}

function rateTable(results: LoadResult[]): string {
  const cells = results.map((result) => {
    const summary = summarize(result);
    return [
      result.title,
      result.unit,
      formatNumber(summary.direct.rate),
      formatNumber(summary.nginx?.rate ?? null),
      formatNumber(summary.tunnel.rate),
      formatRatio(summary.perNginx),
      formatRatio(summary.perDirect),
      String(summary.rounds),
      describeVerdicts(judgeLoad(result, summary)),
    ];
  });
  const headings = ["rate", "unit", "direct", "two nginx", "tunnel"];
  return markdownTable([...headings, "tunnel / nginx", "tunnel / direct", "rounds", "target"], cells);
}

function costTable(results: LoadResult[]): string {
  const cells = results.map((result) => {
    const { direct, nginx, tunnel, addedMs } = summarize(result);
    return [
      result.title,
      ...[direct.p50Ms, nginx?.p50Ms ?? null, tunnel.p50Ms].map(formatNumber),
      formatAdded(addedMs),
      ...[direct.p99Ms, nginx?.p99Ms ?? null, tunnel.p99Ms].map(formatNumber),
      ...[nginx?.cpuMicros ?? null, tunnel.cpuMicros].map(formatNumber),
      formatMebibytes(result.residentBytes.gateway),
      formatMebibytes(result.residentBytes.runner),
    ];
  });
  return markdownTable([
    "cost",
    ...["p50 direct, ms", "nginx", "tunnel", "added to direct"],
    ...["p99 direct, ms", "nginx", "tunnel"],
    ...["CPU nginx, µs", "tunnel"],
    ...["gateway, MiB", "runner, MiB"],
  ], cells);
}

function figureTable(results: FigureResult[]): string {
  const cells = results.map((result) => {
    const { median, min, max } = spreadOf(result.values);
    return [
      result.title,
      result.unit,
      ...[median, min, max].map(formatNumber),
      String(result.values.length),
      describeVerdicts(judgeFigure(result)),
    ];
  });
  return markdownTable(["figure", "unit", "median", "least", "most", "times", "target"], cells);
}

function scaleTable(heading: string, points: ScalePoint[]): string {
  const cells = points.map((point) => [
    point.count.toLocaleString("en-US"),
    formatNumber(median(point.rates)),
    formatNumber(median(point.p50Ms)),
    formatNumber(point.gatewayMicros === null ? null : median(point.gatewayMicros)),
    formatMebibytes(point.gatewayResidentBytes),
    formatNumber(point.idleCpuPercent),
  ]);
  const headings = ["messages/s", "p50, ms", "gateway CPU, µs a message", "gateway, MiB"];
  return markdownTable([heading, ...headings, "gateway CPU while silent, % of a core"], cells);
}
