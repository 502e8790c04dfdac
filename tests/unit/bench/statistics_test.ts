import assert from "node:assert/strict";
import fc from "fast-check";
import {
  median,
  pairwiseDifferences,
  pairwiseRatios,
  relativeError,
  spreadOf,
} from "../../bench/statistics.ts";

const finite = fc.double({ min: 0.001, max: 1e6, noNaN: true });

Deno.test("the median is the middle value, or the mean of the two in the middle", () => {
  assert.equal(median([7]), 7);
  assert.equal(median([9, 1, 5]), 5);
  assert.equal(median([4, 1, 3, 2]), 2.5);
  assert.equal(median([10, 9, 100]), 10, "numbers are not sorted as text");
});

Deno.test("the median of nothing is refused", () => {
  assert.throws(() => median([]), RangeError);
});

Deno.test("as many values lie below the median as above it, in whatever order they come", () => {
  fc.assert(fc.property(fc.array(finite, { minLength: 1, maxLength: 30 }), (values) => {
    const { median: middle, min, max } = spreadOf(values);
    const below = values.filter((value) => value < middle).length;
    const above = values.filter((value) => value > middle).length;
    assert(below <= values.length / 2 && above <= values.length / 2);
    assert(min <= middle && middle <= max);
    assert.equal(median(values.toReversed()), middle);
  }));
});

Deno.test("ratios and differences are taken within a round", () => {
  assert.deepEqual(pairwiseRatios([10, 30], [20, 10]), [0.5, 3]);
  assert.deepEqual(pairwiseDifferences([10, 30], [20, 10]), [-10, 20]);
});

Deno.test("rounds that one way has and the other has not are refused", () => {
  assert.throws(() => pairwiseRatios([1, 2], [1]), /differ in number: 2 and 1/);
});

Deno.test("one round says nothing about its error, equal rounds have none", () => {
  assert.equal(relativeError([3]), Infinity);
  assert.equal(relativeError([3, 3, 3]), 0);
});

Deno.test("the error of a median is 1.25 s / sqrt(n), as a part of the median", () => {
  // s = 1 and n = 3; the median is 10.
  assert(Math.abs(relativeError([9, 10, 11]) - 1.2533 / Math.sqrt(3) / 10) < 1e-5);
});

Deno.test("the error does not change with the unit, and falls with more rounds of the same spread", () => {
  fc.assert(fc.property(fc.array(finite, { minLength: 2, maxLength: 10 }), (values) => {
    const error = relativeError(values);
    const scaled = relativeError(values.map((value) => value * 1000));
    assert(Math.abs(error - scaled) <= 1e-6 * Math.max(1, error));
    assert(relativeError([...values, ...values, ...values]) <= error + 1e-9);
  }));
});
