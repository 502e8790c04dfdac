import assert from "node:assert/strict";
import { probeDocument } from "../support/ping_probe.ts";
import { sharedStack } from "../support/stack.ts";

const stack = sharedStack();

Deno.test("10,000 probes at 1 ms hold their schedule", async () => {
  const document = await probeDocument(stack.gateway.wsUrl, ["--count", "10000", "--interval", "1ms"]);
  const [{ sent, received, lost, failed, duplicated, outOfOrder, schedule, roundTrip }] = document.sessions;
  assert.deepEqual({ sent, received, lost, failed, duplicated, outOfOrder }, {
    sent: 10_000,
    received: 10_000,
    lost: 0,
    failed: 0,
    duplicated: 0,
    outOfOrder: 0,
  });
  assert.equal(schedule.skipped, 0);
  // A sender that counted its intervals from one departure to the next would end seconds late; what one on an
  // absolute schedule adds to 9,999 ms is the lag of its last probe and the last round trip.
  assert.ok(document.durationMs >= 9_999, `${document.durationMs}`);
  assert.ok(document.durationMs < 10_500 + schedule.lagMaxMs + roundTrip!.maxMs, `${document.durationMs}`);
});
