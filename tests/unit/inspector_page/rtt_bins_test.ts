import assert from "node:assert/strict";
import fc from "fast-check";
import { RttBins } from "../../../lib/inspector/page/model/rtt_bins.js";

const hour = 3_600_000;
const start = 1_800_000_000_000;

Deno.test("round trips within three seconds become one point, with their mean and largest", () => {
  const bins = new RttBins();
  for (const [after, rtt] of [[0, 1], [1000, 2], [2999, 6], [3000, 9]]) bins.add("a", start + after, rtt);
  assert.deepEqual(bins.bins("a", start + 3000), [
    { at: start, samples: 3, meanMs: 3, maxMs: 6 },
    { at: start + 3000, samples: 1, meanMs: 9, maxMs: 9 },
  ]);
});

Deno.test("what comes after loading joins the last bin that was loaded", () => {
  const bins = new RttBins();
  bins.load("a", [{ at: start, samples: 3, meanMs: 2, maxMs: 4 }]);
  bins.add("a", start + 100, 6);
  assert.deepEqual(bins.bins("a", start), [{ at: start, samples: 4, meanMs: 3, maxMs: 6 }]);
});

Deno.test("points stay in order and are bounded, whatever the clock does", () => {
  const steps = fc.array(
    fc.tuple(fc.integer({ min: -10_000, max: 60_000 }), fc.double({ min: 0, max: 1e4, noNaN: true })),
    {
      maxLength: 300,
    },
  );
  fc.assert(fc.property(steps, (samples) => {
    const bins = new RttBins();
    let at = start;
    let latest = start;
    for (const [stepMs, rtt] of samples) {
      at += stepMs;
      latest = Math.max(latest, at);
      bins.add("a", at, rtt);
    }
    const points = bins.bins("a", latest);
    assert.ok(points.length <= 1_200);
    for (let i = 1; i < points.length; i++) assert.ok(points[i].at > points[i - 1].at);
    for (const { meanMs, maxMs } of points) assert.ok(meanMs <= maxMs + 1e-6);
  }));
});

Deno.test("what is older than an hour is not shown", () => {
  const bins = new RttBins();
  bins.add("a", start, 1);
  bins.add("a", start + 600_000, 2);
  assert.deepEqual(bins.bins("a", start + hour + 1000).map(({ meanMs }) => meanMs), [2]);
});

Deno.test("the chart spans as little as shows everything, and at most an hour", () => {
  const bins = new RttBins();
  assert.equal(bins.spanMs(["a"], start), 120_000);
  bins.add("a", start, 1);
  assert.equal(bins.spanMs(["a"], start + 100_000), 120_000);
  assert.equal(bins.spanMs(["a"], start + 200_000), 300_000);
  assert.equal(bins.spanMs(["a"], start + 3_000_000), hour);
  assert.equal(bins.spanMs(["a"], start + 3 * hour), 120_000);
});

Deno.test("links share their times; one that has no point there is not broken by it", () => {
  const bins = new RttBins();
  bins.add("a", start, 1);
  bins.add("b", start + 3000, 5);
  bins.add("a", start + 6000, 3);
  assert.deepEqual(bins.columns(["a", "b"], start + 6000), [
    [start / 1000, start / 1000 + 3, start / 1000 + 6],
    [1, undefined, 3],
    [undefined, 5, undefined],
  ]);
});

Deno.test("where a link was gone its curve is broken", () => {
  const bins = new RttBins();
  for (const after of [0, 3000, 6000, 60_000, 63_000]) bins.add("a", start + after, 1);
  const [, curve] = bins.columns(["a"], start + 63_000);
  assert.deepEqual(curve, [1, 1, 1, null, 1, 1]);
});

Deno.test("links that come and go do not add up for ever", () => {
  const bins = new RttBins();
  for (let i = 0; i < 500; i++) bins.add(`link ${i}`, start + i * 3000, 1);
  assert.equal(bins.links.length, 100);
  assert.ok(bins.links.includes("link 499"));
});
