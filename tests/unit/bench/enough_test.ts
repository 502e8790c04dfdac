import assert from "node:assert/strict";
import fc from "fast-check";
import { needOf } from "../../bench/enough.ts";
import type { Measurement } from "../../bench/results.ts";

function measured(rate: number, p50Ms: number | null = null): Measurement {
  return { rate, p50Ms, p99Ms: null, cpuSeconds: null, operations: 1 };
}

/** Rounds in which nginx had a rate of 100 and the tunnel these, in hundredths of it. */
function rounds(...ratios: number[]) {
  return {
    direct: ratios.map(() => measured(200, 0.1)),
    nginx: ratios.map(() => measured(100)),
    tunnel: ratios.map((ratio) => measured(ratio, 0.1 + ratio / 1000)),
  };
}

Deno.test("a ratio that differs much from round to round needs more of them, whatever its target", () => {
  for (const target of [null, { rateRatio: 1 }, { addedMs: 1 }]) {
    assert.equal(needOf(rounds(80, 130, 100), target), "spread");
  }
});

Deno.test("a ratio that is known is enough without a target, and when it is clear of its target", () => {
  assert.equal(needOf(rounds(99, 100, 101), null), "nothing");
  assert.equal(needOf(rounds(119, 120, 122), { rateRatio: 1 }), "nothing");
  assert.equal(needOf(rounds(69, 70, 71), { rateRatio: 1 }), "nothing");
});

Deno.test("a ratio nearer to its target than it is likely to be off needs more rounds", () => {
  assert.equal(needOf(rounds(97, 101, 103), { rateRatio: 1 }), "verdict");
  assert.equal(needOf(rounds(99, 99, 102), { rateRatio: 1 }), "verdict");
});

Deno.test("so does an added latency", () => {
  // The tunnel adds 0.1 ms with a rate of 100.
  assert.equal(needOf(rounds(98, 101, 102), { addedMs: 0.1 }), "verdict");
  assert.equal(needOf(rounds(98, 101, 102), { addedMs: 0.2 }), "nothing");
});

Deno.test("without nginx there is no target to be near to", () => {
  assert.equal(needOf({ ...rounds(97, 101, 103), nginx: null }, { rateRatio: 1 }), "nothing");
});

Deno.test("equal rounds leave nothing open, even on the target itself", () => {
  fc.assert(fc.property(fc.constantFrom(50, 100, 200), fc.integer({ min: 2, max: 7 }), (ratio, count) => {
    const all = rounds(...Array(count).fill(ratio));
    assert.equal(needOf(all, { rateRatio: ratio / 100 }), "nothing");
  }));
});
