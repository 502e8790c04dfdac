import type { HopSummary } from "./hop_statistics.ts";
import type { ProbeCounts } from "./probe_book.ts";
import { type Hop, hopPhrases, hops } from "./sample.ts";

export interface DominantHop {
  hop: Hop;
  /** Its part of the mean round trip. Means add up over hops, percentiles do not. */
  meanMs: number;
  /** That part as a fraction, 0 to 1. */
  share: number;
}

/** From this share on a hop is called the one to blame. */
const blameFrom = 0.5;

/** A tail is worth a word when the slowest hundredth takes this many times the median, and this much longer. */
const tailFactor = 3;
const tailAtLeastMs = 5;

/** With fewer samples the 99th percentile is a single one. */
const tailFromCount = 20;

export interface MeasuredHops {
  roundTrip: HopSummary | null;
  hops: Record<Hop, HopSummary | null>;
}

/** The hop that takes most of the mean round trip, or `null` when nothing came back. */
export function dominantHop(measured: MeasuredHops): DominantHop | null {
  const total = measured.roundTrip?.meanMs ?? 0;
  let dominant: DominantHop | null = null;
  for (const hop of hops) {
    const meanMs = measured.hops[hop]?.meanMs;
    if (meanMs === undefined) continue;
    if (dominant === null || meanMs > dominant.meanMs) {
      dominant = { hop, meanMs, share: total > 0 ? Math.min(1, meanMs / total) : 0 };
    }
  }
  return dominant;
}

/** One or two sentences for people: where the time goes, and where probes are lost. */
export function verdict(
  measured: MeasuredHops,
  options: { counts: ProbeCounts; problems: { problem: string; count: number }[] },
): string {
  const { counts, problems } = options;
  const worst = problems.length === 0 ? "" : ` (${problems[0].count} × ${problems[0].problem})`;
  const dominant = dominantHop(measured);
  if (counts.sent === 0) return "No probe was sent.";
  if (dominant === null) return `No probe came back${worst}.`;
  const where = hopPhrases[dominant.hop];
  const total = measured.roundTrip?.meanMs ?? 0;
  const part = `${ms(dominant.meanMs)} of a mean round trip of ${ms(total)}, ${percent(dominant.share)}`;
  const said = dominant.share >= blameFrom
    ? [`Most of the time goes ${where}: ${part}.`]
    : [`No hop stands out; the longest part is ${where}: ${part}.`];
  const tail = tailHop(measured);
  if (tail !== null) {
    said.push(`The slowest probes lose their time ${hopPhrases[tail.hop]}: p99 is ${ms(tail.p99Ms)}.`);
  }
  const gone = counts.lost + counts.failed;
  if (gone > 0) said.push(`${gone} of ${counts.sent} probes got no answer in time${worst}.`);
  return said.join(" ");
}

/** The hop whose slowest hundredth lies furthest above its median, when the whole round trip has a tail at all. */
function tailHop({ roundTrip, hops: measured }: MeasuredHops): { hop: Hop; p99Ms: number } | null {
  if (roundTrip === null || roundTrip.count < tailFromCount) return null;
  if (roundTrip.p99Ms < tailFactor * roundTrip.p50Ms) return null;
  let found: { hop: Hop; p99Ms: number } | null = null;
  let furthest = tailAtLeastMs;
  for (const hop of hops) {
    const summary = measured[hop];
    if (summary === null || summary.p99Ms - summary.p50Ms <= furthest) continue;
    furthest = summary.p99Ms - summary.p50Ms;
    found = { hop, p99Ms: summary.p99Ms };
  }
  return found;
}

function ms(value: number): string {
  return `${value.toFixed(value < 10 ? 2 : 1)} ms`;
}

function percent(share: number): string {
  return `${Math.round(share * 100)} %`;
}
