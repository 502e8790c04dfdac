import assert from "node:assert/strict";
import fc from "fast-check";
import { RttHistory } from "../../../lib/inspector/rtt_history.ts";

const hourMs = 3_600_000;

Deno.test("the chart has each round trip in the bin of its time, with mean and maximum", () => {
  const rtts = new RttHistory();
  for (const [at, rttMs] of [[1_000, 2], [2_999, 4], [3_000, 10], [9_500, 1]]) rtts.add("a", at, rttMs);
  assert.deepEqual(rtts.chart("a", 10_000), [
    { at: 0, samples: 2, meanMs: 3, maxMs: 4 },
    { at: 3_000, samples: 1, meanMs: 10, maxMs: 10 },
    { at: 9_000, samples: 1, meanMs: 1, maxMs: 1 },
  ]);
});

const anySamples = fc.array(
  fc.record({ waitMs: fc.integer({ min: -2_000, max: 400_000 }), rttMs: fc.integer({ min: 0, max: 1_000 }) }),
  { minLength: 1, maxLength: 200 },
);

Deno.test("whatever the wall clock does, bins ascend, look back an hour at most, and hold round trips that were", () => {
  fc.assert(fc.property(anySamples, (samples) => {
    const rtts = new RttHistory();
    let at = 1e12;
    for (const { waitMs, rttMs } of samples) {
      at += waitMs;
      rtts.add("a", at, rttMs);
    }
    const bins = rtts.chart("a", at);
    const values = samples.map(({ rttMs }) => rttMs);
    for (const [i, bin] of bins.entries()) {
      assert.ok(bin.at > at - hourMs);
      if (i > 0) assert.ok(bin.at > bins[i - 1].at);
      assert.ok(bin.meanMs <= bin.maxMs && values.includes(bin.maxMs));
    }
    assert.ok(bins.reduce((sum, { samples }) => sum + samples, 0) <= samples.length);
  }));
});

Deno.test("percentiles are those of the newest round trips, each of them one that was measured", () => {
  fc.assert(
    fc.property(fc.array(fc.integer({ min: 0, max: 1_000 }), { minLength: 1, maxLength: 600 }), (values) => {
      const rtts = new RttHistory();
      values.forEach((value, at) => rtts.add("a", at, value));
      const newest = values.slice(-256).sort((a, b) => a - b);
      const { samples, p50Ms, p90Ms, p99Ms } = rtts.percentiles("a")!;
      assert.equal(samples, newest.length);
      for (const [quantile, value] of [[0.5, p50Ms], [0.9, p90Ms], [0.99, p99Ms]]) {
        const below = newest.filter((other) => other <= value).length;
        assert.ok(newest.includes(value));
        assert.ok(below >= quantile * newest.length, "so many are not larger");
        assert.ok(newest.filter((other) => other < value).length < quantile * newest.length + 1e-9);
      }
    }),
  );
});

Deno.test("the newest are given oldest first, of an unknown link nothing", () => {
  const rtts = new RttHistory();
  for (let i = 0; i < 300; i++) rtts.add("a", i, i);
  assert.deepEqual(rtts.recent("a", 3), [297, 298, 299]);
  assert.equal(rtts.recent("a", 1_000).length, 256);
  assert.deepEqual([rtts.recent("b", 3), rtts.percentiles("b"), rtts.chart("b", 0), rtts.has("b")], [
    [],
    null,
    [],
    false,
  ]);
});

Deno.test("of many links those heard of last are kept", () => {
  const rtts = new RttHistory();
  for (let i = 0; i < 100; i++) rtts.add(`link ${i}`, i, 1);
  rtts.add("link 0", 100, 1);
  rtts.add("one more", 101, 1);
  assert.deepEqual(["link 0", "link 1", "link 2", "one more"].map((link) => rtts.has(link)), [
    true,
    false,
    true,
    true,
  ]);
});
