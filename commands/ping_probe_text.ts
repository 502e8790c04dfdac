import { hopNames, hops, lossPercent, type MeasuredHops } from "../lib/probe/mod.ts";
import type {
  BoundResult,
  HistogramBar,
  HopSummary,
  ProbeCounts,
  ProbeEvent,
  SessionReport,
} from "../lib/probe/mod.ts";
import type { Style } from "./style.ts";

const nameWidth = 16;
const numberWidth = 10;
const barWidth = 40;
const eighths = ["", "▏", "▎", "▍", "▌", "▋", "▊", "▉"];

/** One line that says what became of a probe. */
export function eventLine(event: ProbeEvent, options: { style: Style; session?: string }): string {
  const { style, session } = options;
  const who = session === undefined ? "" : `${style.dim(shortId(session))}  `;
  switch (event.kind) {
    case "answered": {
      const { sequence, rttMs, proberGatewayMs, gatewayRunnerMs, runnerOriginMs, originStatus } =
        event.sample;
      const parts = [
        `${hopNames.proberGateway} ${number(proberGatewayMs)}`,
        `${hopNames.gatewayRunner} ${number(gatewayRunnerMs)}`,
      ];
      if (runnerOriginMs !== null) parts.push(`${hopNames.runnerOrigin} ${number(runnerOriginMs)}`);
      const status = originStatus === 0 ? "" : `  HTTP ${originStatus}`;
      const notes = `${event.late ? "  late" : ""}${event.outOfOrder ? "  out of order" : ""}`;
      const total = style.bold(`rtt ${number(rttMs)} ms`);
      return `${who}seq ${sequence}  ${total}  = ${parts.join(" + ")}${status}${style.bad(notes)}`;
    }
    case "failed":
      return `${who}seq ${event.sequence}  ${
        style.bad(`failed after ${number(event.afterMs)} ms`)
      }: ${event.problem}`;
    case "lost":
      return `${who}seq ${event.sequence}  ${style.bad("lost")}: no answer within ${
        number(event.afterMs)
      } ms`;
    case "duplicated":
      return `${who}seq ${event.sequence}  ${style.bad("answered again")}`;
    default:
      throw new TypeError(`not an event: ${JSON.stringify(event satisfies never)}`);
  }
}

/** A session's summary: counts, table, clocks, histogram, verdict. */
export function summaryLines(
  report: SessionReport,
  options: { style: Style; runner: string; sessions: number },
): string[] {
  const { style, runner, sessions } = options;
  const { session, clocks, schedule } = report;
  const rank = sessions > 1 ? `#${report.rank} ` : "";
  const agent = session.agent === "" ? "" : ` (${session.agent})`;
  const lines = [
    "",
    style.bold(`${rank}runner "${runner}", session ${shortId(session.id)} at ${session.address}${agent}`),
    countsLine(report, style),
    ...hopTable(report, style),
    `jitter (RFC 3550) ${number(report.roundTrip?.jitterMs ?? 0)} ms`,
    `clocks against this one: gateway ${offset(clocks.gateway)}, runner ${offset(clocks.runner)}`,
    `schedule: probes left ${number(schedule.lagP99Ms)} ms late at p99, ${
      number(schedule.lagMaxMs)
    } ms at most` +
    (schedule.skipped > 0 ? `; ${schedule.skipped} never left` : ""),
  ];
  if (report.originStatuses.length > 0) {
    const statuses = report.originStatuses.map(({ status, count }) => `${count} × HTTP ${status}`);
    lines.push(`the origin answered ${statuses.join(", ")}`);
  }
  for (const { problem, count } of report.problems) lines.push(style.bad(`${count} × ${problem}`));
  return [...lines, ...histogramLines(report.histogram, style), report.verdict];
}

/** What was sent and what became of it. */
export function countsLine(counts: ProbeCounts, style: Style): string {
  const { sent, received, lost, failed, late, duplicated, outOfOrder, pending } = counts;
  const loss = `${Math.round(lossPercent(counts) * 100) / 100} % unanswered`;
  return [
    `${sent} sent`,
    `${received} received`,
    `${
      lost + failed > 0 ? style.bad(loss) : style.good(loss)
    } (${lost} lost, ${failed} failed, ${late} late)`,
    `${duplicated} duplicated`,
    `${outOfOrder} out of order`,
    ...(pending > 0 ? [`${pending} under way`] : []),
  ].join(", ");
}

/** Percentiles of the round trip and of each hop that was measured. */
export function hopTable(measured: MeasuredHops, style: Style): string[] {
  if (measured.roundTrip === null) return [];
  const heads = ["min", "p50", "p90", "p99", "max", "mean", "deviation"];
  const row = (name: string, summary: HopSummary) => {
    const { minMs, p50Ms, p90Ms, p99Ms, maxMs, meanMs, deviationMs } = summary;
    const numbers = [minMs, p50Ms, p90Ms, p99Ms, maxMs, meanMs, deviationMs];
    return name.padEnd(nameWidth) + numbers.map((value) => number(value).padStart(numberWidth)).join("");
  };
  const lines = [
    style.dim("milliseconds".padEnd(nameWidth) + heads.map((head) => head.padStart(numberWidth)).join("")),
    style.bold(row("round trip", measured.roundTrip)),
  ];
  for (const hop of hops) {
    const summary = measured.hops[hop];
    if (summary !== null) lines.push(row(hopNames[hop], summary));
  }
  return lines;
}

/** One line a bound that was broken. */
export function brokenLine(result: BoundResult): string {
  const session = shortId(result.session);
  switch (result.bound) {
    case "answered":
      return `session ${session}: nothing came back`;
    case "loss":
      return `session ${session}: ${result.found?.toFixed(2)} % got no answer in time, ` +
        `--fail-loss allows ${result.limit} %`;
    case "p99":
      return `session ${session}: p99 is ${
        result.found === null ? "unknown" : `${number(result.found)} ms`
      }, ` +
        `--fail-p99 allows ${result.limit} ms`;
    default:
      throw new TypeError(`not a bound: ${result.bound satisfies never}`);
  }
}

/** Enough of a session's id to tell it from others. */
export function shortId(id: string): string {
  return id.slice(0, 8);
}

/** Milliseconds to the microsecond. */
export function number(ms: number): string {
  return ms.toFixed(3);
}

function histogramLines(bars: HistogramBar[], style: Style): string[] {
  const most = Math.max(...bars.map(({ count }) => count));
  const edges = Math.max(0, ...bars.map(({ toMs }) => number(toMs).length));
  const counts = String(most).length;
  return bars.map(({ fromMs, toMs, count }) => {
    const range = `${number(fromMs).padStart(edges)} to ${number(toMs).padStart(edges)} ms`;
    const filled = Math.round(count / most * barWidth * 8);
    // What is there must be seen, however little it is.
    const cells = "█".repeat(filled >> 3) + (filled === 0 && count > 0 ? eighths[1] : eighths[filled & 7]);
    return `${style.dim(range)}  ${String(count).padStart(counts)} ${cells}`.trimEnd();
  });
}

function offset(clock: { offsetMs: number; uncertaintyMs: number } | null): string {
  if (clock === null) return "unknown";
  const sign = clock.offsetMs >= 0 ? "+" : "−";
  return `${sign}${number(Math.abs(clock.offsetMs))} ms ± ${number(clock.uncertaintyMs)} ms`;
}
