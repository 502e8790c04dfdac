/** Timers that find at their end that the process stood still, in virtual time. */
import assert from "node:assert/strict";
import { afterAwake } from "../../../lib/link/mod.ts";
import { VirtualClock } from "../../support/virtual_clock.ts";

/** A timer of 5 s with a grace of 2 s, and when it ran. */
function started() {
  const clock = new VirtualClock();
  const ranAtMs: number[] = [];
  const timer = afterAwake(clock, () => ranAtMs.push(clock.monotonicMs()), { ms: 5_000, graceMs: 2_000 });
  return { clock, ranAtMs, timer };
}

Deno.test("while its process runs, a timer comes at its time, once", () => {
  const { clock, ranAtMs } = started();
  clock.advance(60_000);
  assert.deepEqual(ranAtMs, [5_000]);
  assert.equal(clock.pending, 0);
});

Deno.test("a little late, as under load, it comes as it is", () => {
  const { clock, ranAtMs } = started();
  clock.freeze(5_499);
  clock.advance(0);
  assert.deepEqual(ranAtMs, [5_499]);
});

Deno.test("after a standstill it gives the grace to what has come meanwhile, which may cancel it", () => {
  const { clock, ranAtMs, timer } = started();
  clock.advance(1_000);
  clock.freeze(60_000);
  clock.advance(1_999);
  assert.deepEqual(ranAtMs, []);
  timer.cancel();
  clock.advance(60_000);
  assert.deepEqual(ranAtMs, []);
});

Deno.test("when nothing has come, it comes at the grace's end", () => {
  const { clock, ranAtMs } = started();
  clock.freeze(5_500);
  clock.advance(2_000);
  assert.deepEqual(ranAtMs, [7_500]);
});

Deno.test("the grace is given again to one that is stopped again, and not for ever", () => {
  const { clock, ranAtMs } = started();
  const stops: number[] = [];
  while (ranAtMs.length === 0) {
    clock.freeze(60_000);
    stops.push(clock.monotonicMs());
    clock.advance(1);
    assert.ok(stops.length < 10);
  }
  assert.equal(stops.length, 6);
  assert.deepEqual(ranAtMs, [stops.at(-1)]);
});

Deno.test("a standstill that ended before its time does not matter", () => {
  const { clock, ranAtMs } = started();
  clock.freeze(4_000);
  clock.advance(60_000);
  assert.deepEqual(ranAtMs, [5_000]);
});
