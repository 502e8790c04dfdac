import assert from "node:assert/strict";
import { frameTypes } from "../../lib/protocol/mod.ts";
import { LinkClient } from "../support/link_client.ts";
import { LinkTap } from "../support/link_tap.ts";
import { startWsOrigin } from "../support/processes.ts";
import { startProxiedStack } from "../support/proxied_stack.ts";
import { eventually, healthOf, startStack } from "../support/stack.ts";

const intervalMs = 250;
const timeoutMs = 2_000;
const shortHeartbeat = ["--ping-interval", `${intervalMs}ms`, "--ping-timeout", `${timeoutMs}ms`];

Deno.test("both ends ping at once, not after an interval", async () => {
  const hour = ["--ping-interval", "1h", "--ping-timeout", "10h"];
  const tap = new LinkTap();
  await using stack = await startProxiedStack({
    gatewayArgs: hour,
    runnerArgs: hour,
    proxy: { tap: tap.open },
  });
  await eventually(() => tap.frames("up"), (frames) => frames.some(({ type }) => type === frameTypes.pong));
  await eventually(() => tap.frames("down"), (frames) => frames.some(({ type }) => type === frameTypes.pong));
  for (const direction of ["up", "down"] as const) {
    const pings = tap.frames(direction).filter((frame) => frame.type === frameTypes.ping);
    assert.deepEqual(pings.map(({ sequence }) => sequence), [0], direction);
  }
  assert.equal((await healthOf(stack.gateway)).links, 1);
});

Deno.test("pings alone keep a link that carries nothing else", async () => {
  const tap = new LinkTap();
  await using stack = await startProxiedStack({
    gatewayArgs: shortHeartbeat,
    runnerArgs: shortHeartbeat,
    proxy: { tap: tap.open },
  });
  // More pings than fit into the timeout.
  const enough = 1.5 * timeoutMs / intervalMs;
  await eventually(
    () => tap.frames("up").filter(({ type }) => type === frameTypes.pong).length,
    (pongs) => pongs >= enough,
  );
  assert.equal(stack.proxy.acceptedCount, 1);
  assert.equal(stack.runner.stderr.includes("link.down"), false);
});

Deno.test("a runner that hears the gateway but answers no ping is late, and not lost", async () => {
  await using stack = await startStack({ origin: startWsOrigin, gatewayArgs: shortHeartbeat });
  const { link } = await LinkClient.welcomed(stack.gateway.wsUrl, { runnerName: "mute" });
  using _link = link;
  await stack.gateway.process.line(/link\.phase runner=mute.*to=late/);
  // It says something else again and again: any frame is a sign of life.
  for (let sequence = 0; sequence < 1.5 * timeoutMs / intervalMs; sequence++) {
    link.send({ type: frameTypes.ping, sequence, sentAtUs: 0 });
    await link.frame(frameTypes.ping);
  }
  assert.equal((await healthOf(stack.gateway)).links, 2);
});

Deno.test("a link full with 1 GiB loses no heartbeat", async () => {
  await using stack = await startStack({ gatewayArgs: shortHeartbeat, runnerArgs: shortHeartbeat });
  const total = 1024 * 1024 * 1024;
  let received = 0;
  const response = await fetch(`${stack.gateway.url}/bytes?n=${total}`);
  for await (const bytes of response.body!) received += bytes.length;
  assert.equal(received, total);
  assert.doesNotMatch(stack.gateway.process.stderr, /link\.closed/);
  assert.doesNotMatch(stack.runner.stderr, /link\.down/);
});
