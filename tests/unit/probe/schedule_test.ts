import assert from "node:assert/strict";
import fc from "fast-check";
import { Schedule } from "../../../lib/probe/schedule.ts";

function scheduleOf(options: Partial<ConstructorParameters<typeof Schedule>[0]> = {}): Schedule {
  return new Schedule({ startMs: 1_000, intervalMs: 10, count: 5, skipAfterMs: 1_000, ...options });
}

Deno.test("probes are due at multiples of the interval from the start, and at no other time", () => {
  const schedule = scheduleOf();
  assert.deepEqual(schedule.take(999.9), []);
  assert.deepEqual(schedule.take(1_000), [{ sequence: 0, lagMs: 0 }]);
  assert.equal(schedule.nextAtMs, 1_010);
  assert.deepEqual(schedule.take(1_009.9), []);
  assert.deepEqual(schedule.take(1_012), [{ sequence: 1, lagMs: 2 }]);
  assert.equal(schedule.nextAtMs, 1_020);
});

Deno.test("a sender that was late catches up with every probe it owes, each with its own lag", () => {
  const schedule = scheduleOf();
  assert.deepEqual(schedule.take(1_025), [
    { sequence: 0, lagMs: 25 },
    { sequence: 1, lagMs: 15 },
    { sequence: 2, lagMs: 5 },
  ]);
});

Deno.test("probes that nobody would wait for any more are skipped and counted", () => {
  const schedule = scheduleOf({ skipAfterMs: 20 });
  assert.deepEqual(schedule.take(1_035).map(({ sequence }) => sequence), [2, 3]);
  assert.equal(schedule.skipped, 2);
  assert.deepEqual(schedule.take(1_100), []);
  assert.equal(schedule.skipped, 3);
  assert.equal(schedule.done, true);
  assert.equal(schedule.nextAtMs, Infinity);
});

Deno.test("a schedule without an end never runs out", () => {
  const schedule = scheduleOf({ count: Infinity, skipAfterMs: Infinity });
  assert.equal(schedule.take(1_000 + 10 * 99_999).length, 100_000);
  assert.equal(schedule.done, false);
});

Deno.test("10,000 probes at 1 ms hold their schedule however unevenly the clock is looked at", () => {
  fc.assert(
    fc.property(fc.array(fc.double({ min: 0, max: 400, noNaN: true }), { minLength: 1 }), (waits) => {
      const schedule = scheduleOf({ startMs: 0, intervalMs: 1, count: 10_000 });
      let now = 0;
      let next = 0;
      for (let i = 0; !schedule.done; i++) {
        for (const { sequence, lagMs } of schedule.take(now)) {
          assert.equal(sequence, next++);
          // No lag is handed on: whatever came before, a probe is due at its own multiple of the interval.
          assert.ok(Math.abs(now - lagMs - sequence) < 1e-6);
        }
        now = Math.max(
          schedule.nextAtMs === Infinity ? now : schedule.nextAtMs,
          now + waits[i % waits.length],
        );
      }
      assert.equal(next, 10_000);
      assert.equal(schedule.skipped, 0);
    }),
    { numRuns: 30 },
  );
});
