import assert from "node:assert/strict";
import type { ScalePoint } from "../../bench/results.ts";
import { niceCeiling, scalePlot } from "../../bench/scale_plot.ts";

function pointAt(count: number, rest: Partial<ScalePoint> = {}): ScalePoint {
  return {
    count,
    rates: [100, 200, 300],
    p50Ms: [1],
    gatewayMicros: [10],
    gatewayResidentBytes: 50 * 1024 ** 2,
    idleCpuPercent: 0,
    ...rest,
  };
}

function coordinates(svg: string): number[][] {
  return [...svg.matchAll(/<circle class="dot" cx="([\d.]+)" cy="([\d.]+)"/g)].map((match) => [
    Number(match[1]),
    Number(match[2]),
  ]);
}

Deno.test("the plot has three panels for streams and three for links", () => {
  const svg = scalePlot({ streams: [pointAt(1), pointAt(10)], links: [pointAt(1), pointAt(100)] });
  assert.equal(svg.match(/class="title"/g)!.length, 6);
  assert.equal(coordinates(svg).length, 12);
  assert.doesNotMatch(svg, /NaN|Infinity|undefined/);
});

Deno.test("ten times as many streams are always as far to the right", () => {
  const streams = [1, 10, 100, 1000, 10000].map((count) => pointAt(count));
  const xs = coordinates(scalePlot({ streams, links: [] })).slice(0, 5).map(([x]) => x);
  const steps = xs.slice(1).map((x, index) => x - xs[index]);
  for (const step of steps) assert(Math.abs(step - steps[0]) < 0.2 && step > 0);
});

Deno.test("a rate twice as high stands twice as high above the axis", () => {
  const streams = [pointAt(1, { rates: [100] }), pointAt(10, { rates: [200] })];
  const [[, low], [, high]] = coordinates(scalePlot({ streams, links: [] }));
  // The axis ends at 200, at the top of the panel, 34 units down; the panel's plot is 116 units high.
  assert.equal(high, 34);
  assert.equal(low, 34 + 58);
});

Deno.test("a figure that was not measured has no panel", () => {
  const streams = [pointAt(1, { gatewayMicros: null, gatewayResidentBytes: null })];
  const svg = scalePlot({ streams, links: [] });
  assert.equal(svg.match(/class="title"/g)!.length, 1);
});

Deno.test("an axis ends at a round number that no value passes", () => {
  assert.deepEqual([0, 0.9, 1, 17, 41, 55, 81, 1234].map(niceCeiling), [1, 1, 1, 20, 50, 80, 100, 2000]);
});
