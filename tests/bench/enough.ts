import type { Measurement } from "./results.ts";
import type { Target } from "./rows.ts";
import { median, pairwiseDifferences, pairwiseRatios, relativeError } from "./statistics.ts";

/** A ratio whose median is known this well is known well enough. */
const wellKnown = 0.05;

/** What the rounds of a row have measured so far, one entry a round. */
export interface Rounds {
  direct: readonly Measurement[];
  nginx: readonly Measurement[] | null;
  tunnel: readonly Measurement[];
}

/** How much more a row needs: nothing, until its ratio is known, or until it is clear on which side of its target it lies. */
export type Need = "nothing" | "spread" | "verdict";

/** Whether another round would tell anything that matters. */
export function needOf({ direct, nginx, tunnel }: Rounds, target: Target | null): Need {
  const rates = (way: readonly Measurement[]) => way.map((one) => one.rate);
  const ratios = pairwiseRatios(rates(tunnel), rates(nginx ?? direct));
  if (relativeError(ratios) >= wellKnown) return "spread";
  if (target?.rateRatio !== undefined && nginx !== null && isOpen(ratios, target.rateRatio)) return "verdict";
  if (target?.addedMs === undefined) return "nothing";
  const latencies = (way: readonly Measurement[]) => way.map((one) => one.p50Ms ?? NaN);
  const addedMs = pairwiseDifferences(latencies(tunnel), latencies(direct));
  return isOpen(addedMs, target.addedMs) ? "verdict" : "nothing";
}

/** Whether the median is nearer to the bound than it is likely to be off. */
function isOpen(values: readonly number[], bound: number): boolean {
  const middle = median(values);
  return Math.abs(middle - bound) < Math.abs(middle) * relativeError(values);
}
