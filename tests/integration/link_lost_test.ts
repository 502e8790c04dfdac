import assert from "node:assert/strict";
import type { ChildProcess } from "../support/processes.ts";
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
