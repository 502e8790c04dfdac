import type { SessionReport } from "./report.ts";

/** What a run must keep to pass. */
export interface Bounds {
  /** Most probes that may get no answer in time, percent; `null` for no bound. */
  lossPercent: number | null;
  /** Longest the slowest hundredth may take, milliseconds; `null` for no bound. */
  p99Ms: number | null;
}

/** One bound, as one session keeps or breaks it. */
export interface BoundResult {
  bound: "loss" | "p99" | "answered";
  session: string;
  /** The bound and what was found: percent for loss, milliseconds for p99, probes for `answered`. */
  limit: number;
  found: number | null;
  broken: boolean;
}

/** Holds every session to the bounds. That something came back at all is always one. */
export function checkBounds(reports: SessionReport[], bounds: Bounds): BoundResult[] {
  const results: BoundResult[] = [];
  for (const { session: { id: session }, received, late, lossPercent, roundTrip } of reports) {
    const answered = received + late;
    results.push({ bound: "answered", session, limit: 1, found: answered, broken: answered < 1 });
    if (bounds.lossPercent !== null) {
      const limit = bounds.lossPercent;
      results.push({ bound: "loss", session, limit, found: lossPercent, broken: lossPercent > limit });
    }
    if (bounds.p99Ms !== null) {
      const found = roundTrip?.p99Ms ?? null;
      results.push({
        bound: "p99",
        session,
        limit: bounds.p99Ms,
        found,
        broken: found === null || found > bounds.p99Ms,
      });
    }
  }
  return results;
}
