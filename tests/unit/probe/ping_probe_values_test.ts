import assert from "node:assert/strict";
import { latency, percent, probeCount, probeInterval } from "../../../commands/ping_probe_values.ts";

Deno.test("flags of the command are read to their exact value, or refused", () => {
  assert.equal(latency("0.5ms"), 0.5);
  assert.equal(latency("2s"), 2_000);
  assert.equal(probeInterval("1.5ms"), 1.5);
  assert.equal(percent("0.1%"), 0.1);
  assert.equal(probeCount("0"), 0);
  for (
    const refused of [
      () => probeInterval("0ms"),
      () => percent("101%"),
      () => percent("5"),
      () => probeCount("-1"),
    ]
  ) {
    assert.throws(refused, { name: "InvalidArgumentError" });
  }
});
