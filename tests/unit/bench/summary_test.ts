import assert from "node:assert/strict";
import { summarize } from "../../bench/summary.ts";
import { describeVerdicts, judgeFigure, judgeLoad } from "../../bench/verdict.ts";
import { loadResult, measurement } from "./reports.ts";

const drifting = loadResult({
  // The machine halves its speed in the second round and halves it again in the third.
  direct: [measurement(400), measurement(200), measurement(100)],
  nginx: [measurement(100), measurement(50), measurement(25)],
  tunnel: [measurement(90), measurement(45), measurement(22.5)],
});

Deno.test("a machine that gets slower leaves the ratios alone", () => {
  const { perNginx, perDirect, rounds } = summarize(drifting);
  assert.deepEqual(perNginx, { median: 0.9, min: 0.9, max: 0.9 });
  assert.deepEqual(perDirect, { median: 0.225, min: 0.225, max: 0.225 });
  assert.equal(rounds, 3);
});

Deno.test("rates are the medians of the rounds, CPU is told for one operation", () => {
  const { tunnel } = summarize(drifting);
  assert.equal(tunnel.rate, 45);
  assert.equal(Math.round(tunnel.cpuMicros!), 10);
});

Deno.test("without nginx there is a ratio against the origin alone", () => {
  const { perNginx, p99PerNginx, nginx, perDirect } = summarize(
    loadResult({ direct: [measurement(4)], nginx: null, tunnel: [measurement(1)] }),
  );
  assert.equal(perNginx, null);
  assert.equal(p99PerNginx, null);
  assert.equal(nginx, null);
  assert.equal(perDirect.median, 0.25);
});

Deno.test("what the tunnel adds to a round trip is counted within each round", () => {
  const result = loadResult({
    direct: [measurement(1, 1), measurement(1, 3)],
    nginx: null,
    tunnel: [measurement(1, 1.5), measurement(1, 3.25)],
  });
  assert.deepEqual(summarize(result).addedMs, { median: 0.375, min: 0.25, max: 0.5 });
});

Deno.test("a row without latencies or CPU has none made up", () => {
  const bare = { rate: 1, p50Ms: null, p99Ms: null, operations: 1, cpuSeconds: null };
  const { addedMs, tunnel } = summarize(loadResult({ direct: [bare], nginx: null, tunnel: [bare] }));
  assert.equal(addedMs, null);
  assert.equal(tunnel.p50Ms, null);
  assert.equal(tunnel.cpuMicros, null);
});

Deno.test("a target is met at its very value, and missed beyond it", () => {
  const result = loadResult(
    {
      direct: [measurement(10, 1)],
      nginx: [measurement(10, 1, 2)],
      tunnel: [measurement(10, 1.5, 4.1)],
    },
    { target: { rateRatio: 1, p99Ratio: 2, addedMs: 0.5 } },
  );
  assert.equal(
    describeVerdicts(judgeLoad(result, summarize(result))),
    "≥ 1 × nginx: met; p99 ≤ 2 × nginx: missed; adds ≤ 0.5 ms: met",
  );
});

Deno.test("a target against nginx is neither met nor missed where there is none", () => {
  const ways = { direct: [measurement(10)], nginx: null, tunnel: [measurement(10)] };
  const result = loadResult(ways, { target: { rateRatio: 1 } });
  assert.deepEqual(judgeLoad(result, summarize(result)), [{ target: "≥ 1 × nginx", met: null }]);
});

Deno.test("a figure is held to its target by its median", () => {
  const figure = {
    kind: "figure",
    id: "x",
    title: "x",
    unit: "ms",
    values: [100, 140, 900],
    resolution: 0,
  } as const;
  const judged = judgeFigure({ ...figure, values: [...figure.values], target: { atMost: 150 } });
  assert.deepEqual(judged, [{ target: "≤ 150 ms", met: true }]);
  assert.deepEqual(judgeFigure({ ...figure, values: [...figure.values], target: null }), []);
});
