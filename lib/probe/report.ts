import { dominantHop, verdict } from "./dominant_hop.ts";
import type { HistogramBar, HopSummary } from "./hop_statistics.ts";
import type { ProbeCounts } from "./probe_book.ts";
import type { ClockEstimate, ProbeStatistics } from "./probe_statistics.ts";
import type { Hop } from "./sample.ts";

/** Which runner session was probed. */
export interface ProbedSession {
  /** Session id, hexadecimal. */
  id: string;
  /** Address it dialled the gateway from. */
  address: string;
  agent: string;
}

/** What was measured of one session. All times in milliseconds, to the microsecond. */
export interface SessionReport extends ProbeCounts {
  /** 1 is best: fewest lost, then shortest median. */
  rank: number;
  session: ProbedSession;
  /** Of the probes sent, those that got no answer in time, percent. */
  lossPercent: number;
  roundTrip: HopSummary | null;
  hops: Record<Hop, HopSummary | null>;
  clocks: { gateway: ClockEstimate | null; runner: ClockEstimate | null };
  /** How far behind schedule probes left, and how many never did. */
  schedule: { lagP99Ms: number; lagMaxMs: number; skipped: number };
  problems: { problem: string; count: number }[];
  originStatuses: { status: number; count: number }[];
  histogram: HistogramBar[];
  dominantHop: { hop: Hop; meanMs: number; sharePercent: number } | null;
  verdict: string;
}

const histogramBars = 12;

/** Sums up the probes to one session; `rank` is 1 until {@link rankSessions} has compared it with others. */
export function sessionReport(
  statistics: ProbeStatistics,
  options: { session: ProbedSession; counts: ProbeCounts; skipped: number },
): SessionReport {
  const { session, counts, skipped } = options;
  const measured = statistics.measured();
  const problems = statistics.problems();
  const dominant = dominantHop(measured);
  return toMicroseconds({
    rank: 1,
    session,
    ...counts,
    lossPercent: lossPercent(counts),
    ...measured,
    clocks: { gateway: statistics.gatewayClock, runner: statistics.runnerClock },
    schedule: {
      lagP99Ms: statistics.lag.percentileMs(99),
      lagMaxMs: statistics.lag.percentileMs(100),
      skipped,
    },
    problems,
    originStatuses: statistics.originStatuses(),
    histogram: statistics.roundTrip.bars(histogramBars),
    dominantHop: dominant === null
      ? null
      : { hop: dominant.hop, meanMs: dominant.meanMs, sharePercent: dominant.share * 100 },
    verdict: verdict(measured, { counts, problems }),
  });
}

/** Best first, ranks set: by loss, then by median round trip; those of whom nothing came back are last. */
export function rankSessions(reports: SessionReport[]): SessionReport[] {
  const median = (report: SessionReport) => report.roundTrip?.p50Ms ?? Infinity;
  const order = (a: number, b: number) => a < b ? -1 : a > b ? 1 : 0;
  return reports
    .toSorted((a, b) => order(a.lossPercent, b.lossPercent) || order(median(a), median(b)))
    .map((report, i) => ({ ...report, rank: i + 1 }));
}

/** Probes under way have not been lost yet: they count for neither side. */
export function lossPercent({ sent, pending, lost, failed }: ProbeCounts): number {
  const ended = sent - pending;
  return ended === 0 ? 0 : (lost + failed) / ended * 100;
}

/** Every number of a report to three decimals: more would be noise. */
function toMicroseconds<T>(value: T): T {
  if (typeof value === "number") return Math.round(value * 1000) / 1000 as T;
  if (Array.isArray(value)) return value.map(toMicroseconds) as T;
  if (typeof value !== "object" || value === null) return value;
  return Object.fromEntries(Object.entries(value).map(([key, item]) => [key, toMicroseconds(item)])) as T;
}
