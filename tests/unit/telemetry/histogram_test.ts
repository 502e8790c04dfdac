import assert from "node:assert/strict";
import fc from "fast-check";
import { Histogram } from "../../../lib/telemetry/mod.ts";

const anyBounds = fc.uniqueArray(fc.integer({ min: -1e6, max: 1e6 }), { minLength: 1, maxLength: 20 })
  .map((bounds) => bounds.sort((a, b) => a - b));
const anyValues = fc.array(fc.integer({ min: -2e6, max: 2e6 }), { maxLength: 200 });

Deno.test("a histogram puts each value into the first bucket whose bound is not below it", () => {
  fc.assert(fc.property(anyBounds, anyValues, (bounds, values) => {
    // Some lie exactly at a bound.
    const all = [...values, ...bounds];
    const histogram = new Histogram(bounds);
    for (const value of all) histogram.observe(value);
    const expected = [...bounds, Infinity].map((bound, at) => {
      const below = at === 0 ? -Infinity : bounds[at - 1];
      return all.filter((value) => value > below && value <= bound).length;
    });
    assert.deepEqual([...histogram.counts], expected);
  }));
});

Deno.test("a histogram's count and sum are those of all values", () => {
  fc.assert(fc.property(anyBounds, anyValues, (bounds, values) => {
    const histogram = new Histogram(bounds);
    for (const value of values) histogram.observe(value);
    assert.equal(histogram.count, values.length);
    assert.equal(histogram.sum, values.reduce((sum, value) => sum + value, 0));
  }));
});
