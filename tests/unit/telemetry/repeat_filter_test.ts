import assert from "node:assert/strict";
import fc from "fast-check";
import { RepeatFilter } from "../../../lib/telemetry/repeat_filter.ts";

const anyEvents = fc.array(
  fc.record({ key: fc.constantFrom("a", "b", "c"), waitMs: fc.integer({ min: -1_000, max: 3_000 }) }),
  { maxLength: 500 },
);

Deno.test("every event is told or counted, once, whatever its kind and time", () => {
  fc.assert(fc.property(anyEvents, (events) => {
    const filter = new RepeatFilter();
    const seen: Record<string, number> = { a: 0, b: 0, c: 0 };
    const given: Record<string, number> = { a: 0, b: 0, c: 0 };
    let nowMs = 0;
    const sumUp = (all: boolean) => {
      for (const { key, times, withinMs } of filter.ended(nowMs, all)) {
        assert.ok(times > 0 && withinMs >= 0);
        seen[key] += times;
      }
    };
    for (const { key, waitMs } of events) {
      nowMs += waitMs;
      sumUp(false);
      given[key]++;
      if (filter.admit(key, nowMs)) seen[key]++;
    }
    sumUp(true);
    assert.deepEqual(seen, given);
  }));
});

Deno.test("the first twenty of a kind in ten seconds are told, and the first of the next ten seconds again", () => {
  const filter = new RepeatFilter();
  const told = (nowMs: number, count: number) =>
    Array.from({ length: count }, () => filter.admit("a", nowMs)).filter(Boolean).length;
  assert.equal(told(0, 100), 20);
  assert.ok(filter.admit("b", 0), "another kind is another matter");
  assert.deepEqual([...filter.ended(9_999)], []);
  assert.deepEqual([...filter.ended(10_000)], [{ key: "a", times: 80, withinMs: 10_000 }]);
  assert.equal(told(10_000, 30), 20);
});
