import assert from "node:assert/strict";
import fc from "fast-check";
import { hopMs, hops, takeApart } from "../../../lib/probe/sample.ts";
import { resultOf } from "./results.ts";

const anyUs = fc.integer({ min: 0, max: 10_000_000 });

Deno.test("the parts of a round trip add up to it to the microsecond, whatever peers claim", () => {
  fc.assert(fc.property(
    fc.double({ min: 0, max: 10_000, noNaN: true }),
    anyUs,
    anyUs,
    anyUs,
    fc.boolean(),
    (rttMs, gatewayHeldUs, runnerHeldUs, originUs, origin) => {
      const result = resultOf(0, { gatewayHeldUs, runnerHeldUs, originUs });
      const sample = takeApart(result, { sequence: 0, rttMs, origin });
      const parts = hops.map((hop) => hopMs(sample, hop) ?? 0);
      assert.ok(parts.every((part) => part >= 0), `${parts}`);
      const sumUs = parts.reduce((sum, part) => sum + Math.round(part * 1000), 0);
      assert.equal(sumUs, Math.round(sample.rttMs * 1000));
      assert.ok(Math.abs(sample.rttMs - rttMs) <= 0.000501);
      assert.equal(sample.runnerOriginMs === null, !origin);
    },
  ));
});

Deno.test("a hop is what its near end waited less what its far end held", () => {
  const result = resultOf(7, {
    gatewayHeldUs: 60_000,
    runnerHeldUs: 25_200,
    originUs: 25_000,
    originStatus: 204,
  });
  assert.deepEqual(takeApart(result, { sequence: 7, rttMs: 70, origin: true }), {
    sequence: 7,
    rttMs: 70,
    proberGatewayMs: 10,
    gatewayRunnerMs: 35,
    runnerOriginMs: 25,
    originStatus: 204,
  });
});

Deno.test("wall clocks have no part in any duration", () => {
  const skews = fc.integer({ min: 0, max: 4_000_000_000_000_000 });
  fc.assert(fc.property(skews, skews, (gatewayRepliedAtUs, runnerRepliedAtUs) => {
    const held = { gatewayHeldUs: 3_000, runnerHeldUs: 500 };
    const options = { sequence: 1, rttMs: 5, origin: false };
    assert.deepEqual(
      takeApart(resultOf(1, { ...held, gatewayRepliedAtUs, runnerRepliedAtUs }), options),
      takeApart(resultOf(1, held), options),
    );
  }));
});
