import assert from "node:assert/strict";
import fc from "fast-check";
import { HopStatistics } from "../../../lib/probe/hop_statistics.ts";

function statisticsOf(samples: number[]): HopStatistics {
  const statistics = new HopStatistics();
  for (const ms of samples) statistics.add(ms);
  return statistics;
}

const anySamples = fc.array(fc.integer({ min: 0, max: 60_000_000 }).map((us) => us / 1000), {
  minLength: 1,
  maxLength: 300,
});

Deno.test("there is no summary, no bar and no percentile without samples", () => {
  const statistics = new HopStatistics();
  assert.equal(statistics.summary(), null);
  assert.deepEqual(statistics.bars(12), []);
  assert.equal(statistics.percentileMs(99), 0);
});

Deno.test("percentiles agree with the sorted samples to the histogram's three digits", () => {
  fc.assert(fc.property(anySamples, fc.constantFrom(50, 90, 99, 100), (samples, percentile) => {
    const sorted = samples.toSorted((a, b) => a - b);
    const exact = sorted[Math.max(0, Math.ceil(percentile / 100 * sorted.length) - 1)];
    const found = statisticsOf(samples).percentileMs(percentile);
    assert.ok(Math.abs(found - exact) <= exact * 0.001 + 0.001, `${found} is not ${exact}`);
  }));
});

Deno.test("least, largest, mean and deviation are those of the samples", () => {
  fc.assert(fc.property(anySamples, (samples) => {
    const summary = statisticsOf(samples).summary();
    const mean = samples.reduce((sum, ms) => sum + ms, 0) / samples.length;
    const variance = samples.reduce((sum, ms) => sum + (ms - mean) ** 2, 0) / samples.length;
    assert.equal(summary?.minMs, Math.min(...samples));
    assert.equal(summary?.maxMs, Math.max(...samples));
    assert.ok(Math.abs(summary!.meanMs - mean) < 1e-6 * (1 + mean));
    assert.ok(Math.abs(summary!.deviationMs - Math.sqrt(variance)) < 1e-6 * (1 + mean));
  }));
});

Deno.test("jitter follows RFC 3550: a sixteenth of the way to each new difference", () => {
  assert.equal(statisticsOf([10]).summary()?.jitterMs, 0);
  assert.equal(statisticsOf([10, 26]).summary()?.jitterMs, 1);
  assert.equal(statisticsOf([10, 26, 10]).summary()?.jitterMs, 1 + (16 - 1) / 16);
  assert.equal(statisticsOf(Array(50).fill(30)).summary()?.jitterMs, 0);
  const alternating = statisticsOf(Array.from({ length: 400 }, (_, i) => i % 2 === 0 ? 10 : 18)).summary();
  assert.ok(Math.abs(alternating!.jitterMs - 8) < 1e-6);
});

Deno.test("the bars of a histogram hold every sample, adjoin, and reach from the least to the largest", () => {
  fc.assert(fc.property(anySamples, fc.integer({ min: 1, max: 20 }), (samples, count) => {
    const bars = statisticsOf(samples).bars(count);
    assert.equal(bars.length, count);
    assert.equal(bars.reduce((sum, bar) => sum + bar.count, 0), samples.length);
    for (let i = 1; i < bars.length; i++) assert.equal(bars[i].fromMs, bars[i - 1].toMs);
    assert.ok(bars[0].fromMs <= Math.max(0.001, Math.min(...samples)));
    assert.ok(bars.at(-1)!.toMs > Math.max(...samples) - 1e-9);
  }));
});

Deno.test("a stall of 300 ms shows in p99 when a probe leaves every 10 ms, and not in the median", () => {
  // Probes left on schedule all through the stall: the first waited 300 ms, the last hardly at all.
  const ramp = Array.from({ length: 30 }, (_, i) => 300 - i * 10);
  const summary = statisticsOf([...Array(470).fill(1), ...ramp]).summary();
  assert.ok(summary!.p99Ms > 240 && summary!.p99Ms < 300, `${summary!.p99Ms}`);
  assert.equal(summary!.p50Ms, 1);
});
