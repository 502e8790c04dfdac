import assert from "node:assert/strict";
import fc from "fast-check";
import { RecordingBudget } from "../../../lib/inspector/recording_budget.ts";

/** Times between one exchange and the next, milliseconds. */
const anyGaps = fc.array(fc.integer({ min: 0, max: 500 }), { minLength: 1, maxLength: 300 });

Deno.test("no stretch of time has more records than its burst and rate allow", () => {
  fc.assert(
    fc.property(
      anyGaps,
      fc.integer({ min: 1, max: 50 }),
      fc.integer({ min: 1, max: 50 }),
      (gaps, perSecond, burst) => {
        const budget = new RecordingBudget({ perSecond, burst, nowMs: 0 });
        const taken: number[] = [];
        let nowMs = 0;
        for (const gap of gaps) {
          nowMs += gap;
          if (budget.take(nowMs) === 1) taken.push(nowMs);
        }
        for (let from = 0; from < taken.length; from++) {
          for (let to = from; to < taken.length; to++) {
            const allowed = burst + perSecond * (taken[to] - taken[from]) / 1000 + 1;
            assert.ok(to - from + 1 <= allowed + 1e-9, `${to - from + 1} of ${allowed}`);
          }
        }
        assert.equal(budget.refused, gaps.length - taken.length);
      },
    ),
  );
});

Deno.test("of many at once as many are taken as one by one would be, and the rest is refused", () => {
  const counts = fc.array(
    fc.record({ gap: fc.integer({ min: 0, max: 500 }), count: fc.integer({ min: 1, max: 40 }) }),
    {
      minLength: 1,
      maxLength: 100,
    },
  );
  fc.assert(
    fc.property(
      counts,
      fc.integer({ min: 1, max: 50 }),
      fc.integer({ min: 1, max: 50 }),
      (steps, perSecond, burst) => {
        const atOnce = new RecordingBudget({ perSecond, burst, nowMs: 0 });
        const oneByOne = new RecordingBudget({ perSecond, burst, nowMs: 0 });
        let nowMs = 0;
        let total = 0;
        let taken = 0;
        for (const { gap, count } of steps) {
          nowMs += gap;
          total += count;
          const alone = Array.from({ length: count }, () => oneByOne.take(nowMs)).reduce((sum, each) =>
            sum + each
          );
          const got = atOnce.take(nowMs, count);
          assert.ok(got <= count && Number.isInteger(got), `${got} of ${count}`);
          taken += got;
          assert.ok(taken <= burst + perSecond * nowMs / 1000 + 1e-9, `${taken} until ${nowMs}`);
          assert.equal(got, alone);
        }
        assert.equal(atOnce.refused, total - taken);
      },
    ),
  );
});

Deno.test("exchanges that come no faster than the rate are all recorded, for ever", () => {
  const budget = new RecordingBudget({ perSecond: 10, burst: 1, nowMs: 0 });
  for (let i = 1; i <= 1_000; i++) assert.equal(budget.take(i * 100), 1, `exchange ${i}`);
});

Deno.test("a burst is earned again by waiting, and a higher rate earns it sooner", () => {
  const budget = new RecordingBudget({ perSecond: 1, burst: 5, nowMs: 0 });
  const takes = (nowMs: number) =>
    Array.from({ length: 100 }, () => budget.take(nowMs)).filter(Boolean).length;
  assert.equal(takes(0), 5);
  assert.equal(takes(2_000), 2);
  assert.equal(takes(1_000_000), 5);
  budget.perSecond = 100;
  assert.equal(takes(1_000_030), 3);
});

Deno.test("of a flood as much is recorded as was earned meanwhile", () => {
  const budget = new RecordingBudget({ perSecond: 100, burst: 1, nowMs: 0 });
  let taken = 0;
  // Ten seconds of an exchange each tenth of a millisecond.
  for (let i = 0; i < 100_000; i++) taken += budget.take(i / 10);
  assert.ok(taken > 900 && taken <= 1_001, `${taken} recorded`);
});
