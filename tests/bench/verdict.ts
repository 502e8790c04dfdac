import type { FigureResult, LoadResult } from "./results.ts";
import type { LoadSummary } from "./summary.ts";
import { median } from "./statistics.ts";

/** One target and whether it is met; `null` when there was nothing to hold it against. */
export interface Verdict {
  /** Such as `≥ 1.0 × nginx`. */
  target: string;
  met: boolean | null;
}

/** Holds a load row to its targets. */
export function judgeLoad(result: LoadResult, summary: LoadSummary): Verdict[] {
  const { rateRatio, p99Ratio, addedMs } = result.target ?? {};
  const verdicts: Verdict[] = [];
  if (rateRatio !== undefined) {
    const found = summary.perNginx?.median ?? null;
    verdicts.push({ target: `≥ ${rateRatio} × nginx`, met: found === null ? null : found >= rateRatio });
  }
  if (p99Ratio !== undefined) {
    const found = summary.p99PerNginx;
    verdicts.push({ target: `p99 ≤ ${p99Ratio} × nginx`, met: found === null ? null : found <= p99Ratio });
  }
  if (addedMs !== undefined) {
    const found = summary.addedMs?.median ?? null;
    verdicts.push({ target: `adds ≤ ${addedMs} ms`, met: found === null ? null : found <= addedMs });
  }
  return verdicts;
}

/** Holds a figure to its target. */
export function judgeFigure(result: FigureResult): Verdict[] {
  const atMost = result.target?.atMost;
  if (atMost === undefined) return [];
  return [{ target: `≤ ${atMost} ${result.unit}`, met: median(result.values) <= atMost }];
}

/** `met`, `missed` or `not measured` with each target. */
export function describeVerdicts(verdicts: Verdict[]): string {
  const word = (met: boolean | null) => met === null ? "not measured" : met ? "met" : "missed";
  return verdicts.map(({ target, met }) => `${target}: ${word(met)}`).join("; ");
}
