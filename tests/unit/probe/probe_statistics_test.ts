import assert from "node:assert/strict";
import fc from "fast-check";
import { ProbeStatistics } from "../../../lib/probe/probe_statistics.ts";
import { resultOf } from "./results.ts";

Deno.test("an offset is right within its uncertainty, however unevenly the way is split", () => {
  const us = fc.integer({ min: 0, max: 200_000 });
  fc.assert(fc.property(
    fc.integer({ min: -5_000_000, max: 5_000_000 }),
    fc.array(fc.tuple(us, us, us), { minLength: 1, maxLength: 20 }),
    (offsetUs, trips) => {
      const statistics = new ProbeStatistics();
      let now = 1_000_000_000_000;
      for (const [thereUs, heldUs, backUs] of trips) {
        const repliedAtUs = now + thereUs + heldUs + offsetUs;
        now += thereUs + heldUs + backUs;
        const times = { runnerHeldUs: heldUs, runnerRepliedAtUs: repliedAtUs };
        const rttMs = (thereUs + heldUs + backUs) / 1000;
        statistics.clocks(resultOf(0, times), { rttMs, returnedAtUs: now });
      }
      const clock = statistics.runnerClock;
      assert.ok(clock !== null);
      assert.ok(Math.abs(clock.offsetMs - offsetUs / 1000) <= clock.uncertaintyMs);
    },
  ));
});

Deno.test("of several exchanges the one with the shortest delay is believed", () => {
  const statistics = new ProbeStatistics();
  const exchange = (rttMs: number, aheadMs: number) => {
    const returnedAtUs = 5_000_000_000;
    const gatewayRepliedAtUs = returnedAtUs - rttMs * 500 + aheadMs * 1000;
    statistics.clocks(resultOf(0, { gatewayRepliedAtUs }), { rttMs, returnedAtUs });
  };
  exchange(80, 30);
  exchange(2, 7);
  exchange(60, -20);
  assert.deepEqual(statistics.gatewayClock, { offsetMs: 7, uncertaintyMs: 2 });
});

Deno.test("a runner that never answered has no clock", () => {
  const statistics = new ProbeStatistics();
  assert.equal(statistics.gatewayClock, null);
  statistics.clocks(resultOf(0, { gatewayRepliedAtUs: 1_000 }), { rttMs: 1, returnedAtUs: 2_000 });
  assert.notEqual(statistics.gatewayClock, null);
  assert.equal(statistics.runnerClock, null);
});

Deno.test("problems are counted by their text, most frequent first, in bounded memory", () => {
  const statistics = new ProbeStatistics();
  const fail = (problem: string) => statistics.add({ kind: "failed", sequence: 0, afterMs: 1, problem });
  fail("rare");
  for (let i = 0; i < 3; i++) fail("frequent");
  assert.deepEqual(statistics.problems(), [
    { problem: "frequent", count: 3 },
    { problem: "rare", count: 1 },
  ]);
  for (let i = 0; i < 1_000; i++) fail(`problem ${i}`);
  assert.ok(statistics.problems().length < 20);
  assert.equal(statistics.problems().reduce((sum, { count }) => sum + count, 0), 1_004);
});
