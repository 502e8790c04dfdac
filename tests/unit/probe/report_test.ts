import assert from "node:assert/strict";
import { checkBounds } from "../../../lib/probe/bounds.ts";
import type { ProbeCounts } from "../../../lib/probe/probe_book.ts";
import { ProbeStatistics } from "../../../lib/probe/probe_statistics.ts";
import { lossPercent, rankSessions, type SessionReport, sessionReport } from "../../../lib/probe/report.ts";
import type { ProbeSample } from "../../../lib/probe/sample.ts";

const noCounts: ProbeCounts = {
  sent: 0,
  received: 0,
  lost: 0,
  late: 0,
  failed: 0,
  duplicated: 0,
  outOfOrder: 0,
  pending: 0,
};

/** A report of probes with these parts: prober ↔ gateway, gateway ↔ runner, runner ↔ origin. */
function reportOf(
  parts: [number, number, number | null][],
  options: { id?: string; counts?: Partial<ProbeCounts>; problem?: string } = {},
): SessionReport {
  const statistics = new ProbeStatistics();
  parts.forEach(([proberGatewayMs, gatewayRunnerMs, runnerOriginMs], sequence) => {
    const rttMs = proberGatewayMs + gatewayRunnerMs + (runnerOriginMs ?? 0);
    const sample: ProbeSample = {
      sequence,
      rttMs,
      proberGatewayMs,
      gatewayRunnerMs,
      runnerOriginMs,
      originStatus: runnerOriginMs === null ? 0 : 200,
    };
    statistics.add({ kind: "answered", sample, late: false, outOfOrder: false });
  });
  if (options.problem !== undefined) {
    statistics.add({ kind: "failed", sequence: 99, afterMs: 1, problem: options.problem });
  }
  const session = { id: options.id ?? "a", address: "192.0.2.1", agent: "tunnel/1" };
  const counts = { ...noCounts, sent: parts.length, received: parts.length, ...options.counts };
  return sessionReport(statistics, { session, counts, skipped: 0 });
}

Deno.test("the verdict names the hop that takes most of the mean round trip", () => {
  const slowLink = reportOf(Array(10).fill([1, 100, null]));
  assert.equal(slowLink.dominantHop?.hop, "gatewayRunner");
  assert.match(
    slowLink.verdict,
    /^Most of the time goes between gateway and runner: 100\.0 ms of .* 99 %\.$/,
  );
  assert.match(reportOf([[1, 2, 30]]).verdict, /between runner and origin/);
  assert.match(reportOf([[30, 2, 1]]).verdict, /between prober and gateway/);
});

Deno.test("the verdict blames no hop when none takes half", () => {
  assert.match(reportOf([[4, 5, 4]]).verdict, /^No hop stands out; the longest part is between gateway and/);
});

Deno.test("the verdict names the hop where the slowest probes lose their time", () => {
  const parts: [number, number, null][] = Array.from({ length: 100 }, (_, i) => [40, i < 95 ? 1 : 300, null]);
  const { verdict } = reportOf(parts);
  assert.match(verdict, /^Most of the time goes between prober and gateway/);
  assert.match(verdict, /The slowest probes lose their time between gateway and runner: p99 is 300\.0 ms\./);
});

Deno.test("the verdict speaks of no tail when the slowest probes are not much slower than the rest", () => {
  const parts: [number, number, null][] = Array.from({ length: 100 }, (_, i) => [i < 95 ? 1 : 18, 40, null]);
  assert.doesNotMatch(reportOf(parts).verdict, /slowest/);
});

Deno.test("the verdict says how many probes got no answer, and why", () => {
  const down = reportOf([], { counts: { sent: 3, received: 0, failed: 3 }, problem: "the runner is gone" });
  assert.equal(down.verdict, "No probe came back (1 × the runner is gone).");
  assert.equal(down.dominantHop, null);
  assert.match(
    reportOf([[1, 2, null]], { counts: { sent: 4, received: 1, lost: 3 } }).verdict,
    /3 of 4 probes got no answer in time\.$/,
  );
});

Deno.test("loss is lost and failed probes over those that have ended", () => {
  assert.equal(lossPercent(noCounts), 0);
  assert.equal(lossPercent({ ...noCounts, sent: 12, received: 7, lost: 2, failed: 1, pending: 2 }), 30);
});

Deno.test("sessions are ranked by loss, then by median; those that never answered come last", () => {
  const ranked = rankSessions([
    reportOf([], { id: "silent", counts: { sent: 2, received: 0, lost: 2 } }),
    reportOf([[1, 1, null]], { id: "lossy", counts: { sent: 2, received: 1, lost: 1 } }),
    reportOf([[1, 50, null]], { id: "slow" }),
    reportOf([[1, 5, null]], { id: "fast" }),
  ]);
  assert.deepEqual(ranked.map(({ rank, session }) => [rank, session.id]), [
    [1, "fast"],
    [2, "slow"],
    [3, "lossy"],
    [4, "silent"],
  ]);
});

Deno.test("a bound is kept at its limit and broken above it", () => {
  const report = reportOf([[1, 9, null]], { counts: { sent: 100, received: 99, lost: 1 } });
  const broken = (lossPercent: number | null, p99Ms: number | null) =>
    checkBounds([report], { lossPercent, p99Ms }).filter((result) => result.broken).map(({ bound }) => bound);
  assert.deepEqual(broken(null, null), []);
  assert.deepEqual(broken(1, 10), []);
  assert.deepEqual(broken(0.9, 10), ["loss"]);
  assert.deepEqual(broken(1, 9.9), ["p99"]);
});

Deno.test("a session of which nothing came back breaks a bound of its own, and every p99", () => {
  const report = reportOf([], { counts: { sent: 5, received: 0, lost: 5 } });
  const broken = checkBounds([report], { lossPercent: null, p99Ms: 1_000 }).filter((result) => result.broken);
  assert.deepEqual(broken.map(({ bound, found }) => [bound, found]), [["answered", 0], ["p99", null]]);
});
