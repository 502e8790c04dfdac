import assert from "node:assert/strict";
import { frameTypes } from "../../lib/protocol/mod.ts";
import { LinkClient } from "../support/link_client.ts";
import { LinkTap } from "../support/link_tap.ts";
import { type ChildProcess, startWsOrigin } from "../support/processes.ts";
import { startProxiedStack } from "../support/proxied_stack.ts";
import { eventually, healthOf, startStack } from "../support/stack.ts";

const intervalMs = 250;
const timeoutMs = 2_000;
const shortHeartbeat = ["--ping-interval", `${intervalMs}ms`, "--ping-timeout", `${timeoutMs}ms`];

/** How much later than it should a loaded machine may run a timer, milliseconds. */
const schedulingMs = 3_000;

/** Checks the silence that a process says it measured before it gave its peer up. */
function assertLostInTime(process: ChildProcess): void {
  const silentMs = Number(/nothing was heard for (\d+) ms/.exec(process.stderr)?.[1]);
  assert.ok(silentMs >= timeoutMs, `given up after ${silentMs} ms`);
  assert.ok(silentMs <= timeoutMs + intervalMs + schedulingMs, `given up after ${silentMs} ms`);
}

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

Deno.test("a stopped runner is late, then lost within the timeout and one interval", async () => {
  await using stack = await startStack({ gatewayArgs: shortHeartbeat, runnerArgs: shortHeartbeat });
  stack.runner.signal("SIGSTOP");
  await stack.gateway.process.line(/link\.phase.*from=alive to=late/);
  await stack.gateway.process.line(/link\.closed.*kind=lost/);
  assertLostInTime(stack.gateway.process);
  assert.equal((await healthOf(stack.gateway)).links, 0);

  stack.runner.signal("SIGCONT");
  await eventually(() => healthOf(stack.gateway), (health) => health.links === 1);
  assert.match(stack.gateway.process.stderr, /runner\.resumed/);
});

Deno.test("a stopped gateway is lost to its runner, which comes back to it", async () => {
  await using stack = await startStack({ gatewayArgs: shortHeartbeat, runnerArgs: shortHeartbeat });
  stack.gateway.process.signal("SIGSTOP");
  await stack.runner.line(/link\.phase.*from=alive to=late/);
  await stack.runner.line(/link\.down.*nothing was heard/);
  assertLostInTime(stack.runner);

  stack.gateway.process.signal("SIGCONT");
  await eventually(() => healthOf(stack.gateway), (health) => health.links === 1);
  assert.equal(await (await fetch(`${stack.gateway.url}/status?code=200`)).text(), "");
});

Deno.test("a link that is silent in one direction is given up by the end that hears nothing", async () => {
  await using stack = await startProxiedStack({ gatewayArgs: shortHeartbeat, runnerArgs: shortHeartbeat });
  stack.proxy.links()[0].silence("up");
  await stack.gateway.process.line(/link\.closed.*kind=lost/);
  await stack.proxy.accepted(2);
  await eventually(() => healthOf(stack.gateway), (health) => health.links === 1);
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
