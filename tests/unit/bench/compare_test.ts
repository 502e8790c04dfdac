import assert from "node:assert/strict";
import { compareReports, comparisonText, doubtsAbout, regressionsAbove } from "../../bench/compare.ts";
import type { FigureResult, LoadResult } from "../../bench/results.ts";
import { loadResult, measurement, reportOf } from "./reports.ts";

/** A row whose tunnel makes these ratios of two nginx, one a round. */
function rowOf(ratios: number[], rest: Partial<LoadResult> = {}): LoadResult {
  return loadResult({
    direct: ratios.map(() => measurement(1000)),
    nginx: ratios.map(() => measurement(100)),
    tunnel: ratios.map((ratio) => measurement(100 * ratio)),
  }, rest);
}

function figureOf(values: number[], resolution = 0): FigureResult {
  return {
    kind: "figure",
    id: "startup.gateway",
    title: "Start-up",
    unit: "ms",
    target: null,
    values,
    resolution,
  };
}

const nginxOnly = (what: string) => what === "tunnel / nginx";

Deno.test("a lower ratio than before is worse, a higher one is better", () => {
  const before = reportOf([rowOf([1, 1, 1])]);
  const slower = compareReports(before, reportOf([rowOf([0.8, 0.8, 0.8])]))[0];
  assert(nginxOnly(slower.what) && Math.abs(slower.worseBy - 0.2) < 1e-9 && !slower.withinSpread);
  const faster = compareReports(before, reportOf([rowOf([1.5, 1.5, 1.5])]))[0];
  assert(Math.abs(faster.worseBy + 0.5) < 1e-9);
});

Deno.test("a larger figure than before is worse", () => {
  const changes = compareReports(reportOf([figureOf([100])]), reportOf([figureOf([130])]));
  assert.equal(changes.length, 1);
  assert(Math.abs(changes[0].worseBy - 0.3) < 1e-9);
});

Deno.test("the added round trip is compared where it is what the row is about", () => {
  const target = { addedMs: 0.1 };
  const withP50 = (p50Ms: number) =>
    loadResult(
      { direct: [measurement(1, 1)], nginx: null, tunnel: [measurement(1, p50Ms)] },
      { id: "ws1", target },
    );
  const changes = compareReports(reportOf([withP50(1.5)]), reportOf([withP50(2)]));
  const added = changes.find((change) => change.what === "added median, ms")!;
  assert(Math.abs(added.worseBy - 1) < 1e-9);
});

Deno.test("a change within the rounds' spread is told but is no regression", () => {
  const changes = compareReports(
    reportOf([rowOf([1.2, 1, 0.7])]),
    reportOf([rowOf([0.9, 0.8, 0.75])]),
  );
  assert(changes.every((change) => change.withinSpread));
  assert.deepEqual(regressionsAbove(changes, 0.1), []);
  assert.match(comparisonText(reportOf([]), reportOf([]), changes), /20\.0 % worse, within the spread/);
});

Deno.test("two figures closer than they can be read are no regression, however many times one is the other", () => {
  const changes = compareReports(reportOf([figureOf([0.1], 0.2)]), reportOf([figureOf([0.4], 0.2)]));
  assert.deepEqual(regressionsAbove(changes, 0.1), []);
  const clear = compareReports(reportOf([figureOf([0.1], 0.2)]), reportOf([figureOf([0.6], 0.2)]));
  assert.equal(regressionsAbove(clear, 0.1).length, 1);
});

Deno.test("only what is worse by more than the limit is a regression", () => {
  const before = reportOf([rowOf([1, 1]), figureOf([100])]);
  const now = reportOf([rowOf([0.95, 0.95]), figureOf([150])]);
  const changes = compareReports(before, now);
  assert.deepEqual(regressionsAbove(changes, 0.1).map((change) => change.id), ["startup.gateway"]);
  assert.deepEqual(regressionsAbove(changes, 0.6), []);
});

Deno.test("rows that one of the runs has not are left out", () => {
  const before = reportOf([rowOf([1], { id: "http1" })]);
  assert.deepEqual(compareReports(before, reportOf([rowOf([1], { id: "ws32" })])), []);
});

Deno.test("a run with nginx and one without are compared against the origin alone", () => {
  const before = reportOf([rowOf([1])]);
  const now = reportOf([
    loadResult({ direct: [measurement(1000)], nginx: null, tunnel: [measurement(100)] }),
  ]);
  assert.deepEqual(compareReports(before, now).map((change) => change.what), ["tunnel / direct"]);
});

Deno.test("another machine or another load is pointed out", () => {
  const before = reportOf([]);
  const environment = { ...before.environment, cpu: "another", nginx: null };
  const settings = { ...before.settings, httpLoader: "own" as const };
  assert.deepEqual(doubtsAbout(before, reportOf([], { environment, settings })), [
    "the CPU differs: one then, another now",
    "nginx differs: 1.22.1 then, none now",
    "the HTTP load differs: wrk then, own now",
  ]);
  assert.deepEqual(doubtsAbout(before, reportOf([])), []);
});
