import assert from "node:assert/strict";
import fc from "fast-check";
import {
  maxProbeBytes,
  maxProbesPerSecond,
  parseProbeRequest,
  ProbeAllowance,
} from "../../../lib/gateway/probe_limits.ts";

const target = (query: string) => `/.tunnel/probe?${query}`;

Deno.test("a prober's request is read from its query", () => {
  assert.deepEqual(parseProbeRequest(target("runner=api&interval-us=1000&size=64&session=ab12")), {
    runnerName: "api",
    sessionId: "ab12",
    intervalUs: 1000,
    payloadBytes: 64,
  });
  assert.deepEqual(parseProbeRequest(target("interval-us=1000000&size=0")), {
    runnerName: "default",
    sessionId: null,
    intervalUs: 1_000_000,
    payloadBytes: 0,
  });
});

Deno.test("a rate, a size or both together above the limits are refused with a sentence that names the limit", () => {
  assert.match(String(parseProbeRequest(target("interval-us=999&size=1"))), /1000 times a second at most/);
  assert.match(String(parseProbeRequest(target("interval-us=1000000&size=16385"))), /16384 bytes at most/);
  assert.match(String(parseProbeRequest(target("interval-us=1000&size=16384"))), /bytes a second at most/);
});

Deno.test("a request that leaves out its rate or size, or makes no sense, is refused", () => {
  for (
    const query of ["", "size=1", "interval-us=0&size=1", "interval-us=-5&size=1", "interval-us=1e9&size=1"]
  ) {
    assert.equal(typeof parseProbeRequest(target(query)), "string", query);
  }
  assert.equal(typeof parseProbeRequest(target("interval-us=5000")), "string");
});

Deno.test("whatever is granted is within the limits", () => {
  fc.assert(fc.property(fc.integer({ min: 0, max: 2_000_000 }), fc.nat(100_000), (intervalUs, size) => {
    const request = parseProbeRequest(target(`interval-us=${intervalUs}&size=${size}`));
    if (typeof request === "string") return;
    assert.ok(1e6 / request.intervalUs <= maxProbesPerSecond);
    assert.ok(request.payloadBytes <= maxProbeBytes);
  }));
});

Deno.test("a prober on its schedule is never held back, not even after a stall of ten seconds", () => {
  const allowance = new ProbeAllowance(1_000, 0);
  for (let ms = 0; ms < 20_000; ms++) assert.ok(allowance.take(ms));
  for (let i = 0; i < 10_000; i++) assert.ok(allowance.take(30_000), `probe ${i} of the burst`);
  assert.equal(allowance.take(30_000), false);
});

Deno.test("a prober faster than it asked for is held to its rate in the long run", () => {
  const allowance = new ProbeAllowance(10_000, 0);
  let taken = 0;
  for (let ms = 0; ms < 60_000; ms++) if (allowance.take(ms)) taken++;
  // 100 a second for a minute, and the burst of ten seconds it began with.
  assert.ok(taken >= 6_990 && taken <= 7_010, `${taken}`);
});
