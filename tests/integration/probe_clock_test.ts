import assert from "node:assert/strict";
import { Gateway } from "../../lib/gateway/mod.ts";
import { Runner } from "../../lib/runner/mod.ts";
import { wallUs } from "../../lib/link/mod.ts";
import { probeDocument } from "../support/ping_probe.ts";
import { testToken } from "../support/processes.ts";
import { eventually } from "../support/stack.ts";

const usPerHour = 3_600_000_000;

Deno.test("a gateway an hour ahead and a runner two days behind change their offsets and nothing else", async () => {
  const skewed = (offsetUs: number) => () => wallUs() + offsetUs;
  await using gateway = Gateway.listen({
    hostname: "127.0.0.1",
    port: 0,
    token: testToken,
    wallUs: skewed(usPerHour),
  });
  const gatewayUrl = `ws://127.0.0.1:${gateway.address.port}`;
  await using runner = Runner.start({
    gatewayUrl: new URL(gatewayUrl),
    token: testToken,
    handler: { fetch: () => new Response("hello") },
    wallUs: skewed(-48 * usPerHour),
  });
  await eventually(() => runner.connected, (connected) => connected);
  const args = ["--count", "20", "--interval", "10ms", "--origin"];
  const { sessions: [{ received, clocks, roundTrip, hops }] } = await probeDocument(gatewayUrl, args);
  assert.equal(received, 20);
  const isNear = (clock: typeof clocks.gateway, hours: number) => {
    assert.ok(clock !== null);
    const errorMs = Math.abs(clock.offsetMs - hours * 3_600_000);
    assert.ok(errorMs <= clock.uncertaintyMs, `${clock.offsetMs} is not ${hours} h ± ${clock.uncertaintyMs}`);
  };
  isNear(clocks.gateway, 1);
  isNear(clocks.runner, -48);
  // A skew that had got into any duration would be of hours.
  const parts = [roundTrip, hops.proberGateway, hops.gatewayRunner, hops.runnerOrigin];
  for (const summary of parts) {
    assert.ok(
      summary!.maxMs < 60_000 && summary!.jitterMs < 60_000 && summary!.minMs >= 0,
      `${summary!.maxMs}`,
    );
  }
});
