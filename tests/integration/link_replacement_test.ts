import assert from "node:assert/strict";
import { frameTypes } from "../../lib/protocol/mod.ts";
import { LinkClient } from "../support/link_client.ts";
import { startNodeOrigin, startRunner } from "../support/processes.ts";
import { startProxiedStack } from "../support/proxied_stack.ts";
import { eventually, healthOf, startStack } from "../support/stack.ts";

/** Which origin answered: its own `host:port`, which the runner put into Host. */
async function servedBy(gatewayUrl: string): Promise<string> {
  const { rawHeaders } = await (await fetch(`${gatewayUrl}/echo`)).json();
  return rawHeaders[rawHeaders.findIndex((name: string) => name.toLowerCase() === "host") + 1];
}

Deno.test("a second link of a session replaces the first at once, half-open or not", async () => {
  await using stack = await startStack();
  const first = await LinkClient.welcomed(stack.gateway.wsUrl, { runnerName: "twice" });
  using _first = first.link;
  // The first answers nothing from here on, as if its network had gone.
  first.link.ws.socket.pause();
  const second = await LinkClient.welcomed(stack.gateway.wsUrl, {
    runnerName: "twice",
    sessionId: first.link.sessionId,
    resumeGatewayId: first.welcome.gatewayId,
  });
  using _second = second.link;
  assert.equal(second.welcome.resumed, true);
  assert.equal(second.welcome.gatewayId, first.welcome.gatewayId);
  assert.equal((await healthOf(stack.gateway)).links, 2, "the stack's own runner and one of the two");
  assert.match(stack.gateway.process.stderr, /replaced by a newer link/);

  // Streams of that name go to the second.
  const asked = fetch(stack.gateway.url, { headers: { "x-tunnel-runner": "twice" } });
  const start = await second.link.frame(frameTypes.requestStart);
  assert.equal(start.target, "/");
  const ids = { gatewayId: start.gatewayId, requestId: start.requestId };
  second.link.send(
    { type: frameTypes.ack, ...ids, index: 1, credit: 65_536 },
    { type: frameTypes.responseStart, ...ids, index: 0, status: 204, reason: "", headers: [] },
    { type: frameTypes.bodyEnd, ...ids, index: 1, cut: false, stop: false, trailers: [] },
  );
  assert.equal((await asked).status, 204);
  first.link.ws.socket.resume();
  assert.equal((await first.link.ws.ended()).code, 1006, "the first is dropped, not closed");
  assert.deepEqual(first.link.frames(frameTypes.requestStart), []);
});

Deno.test("a runner's redial replaces a black hole at once: nobody waits for the old link's timeout", async () => {
  // The gateway alone would not notice within a test's time.
  await using stack = await startProxiedStack({
    gatewayArgs: ["--ping-interval", "1m", "--ping-timeout", "10m"],
    runnerArgs: ["--ping-interval", "100ms", "--ping-timeout", "500ms"],
  });
  stack.proxy.links()[0].silence();
  const asked = fetch(`${stack.gateway.url}/status?code=201`);
  assert.equal((await asked).status, 201);
  assert.equal(stack.proxy.acceptedCount, 2);
  assert.match(stack.gateway.process.stderr, /replaced by a newer link/);
  assert.equal((await healthOf(stack.gateway)).links, 1);
});

Deno.test("also where sessions do not outlive their links a black hole is replaced at once, and no client waits in it", async () => {
  await using stack = await startProxiedStack({
    gatewayArgs: ["--resume-window", "0s", "--ping-interval", "1m", "--ping-timeout", "10m"],
    runnerArgs: ["--ping-interval", "100ms", "--ping-timeout", "500ms"],
  });
  const { url } = stack.gateway;
  // A stream that the runner has answered on is in flight over the link that it loses.
  const lost = await fetch(`${url}/stepped?id=window-0`);
  stack.proxy.links()[0].silence();
  await stack.proxy.accepted(2);
  await eventually(() => stack.gateway.process.stderr, (log) => /replaced by a newer link/.test(log));
  assert.equal((await healthOf(stack.gateway)).links, 1);
  await assert.rejects(lost.text());
  const asked = await Promise.all(Array.from({ length: 10 }, () => fetch(`${url}/status?code=204`)));
  assert.deepEqual(asked.map(({ status }) => status), Array(10).fill(204));
});

Deno.test("two runners of one name both serve, and the one that stays serves alone", async () => {
  const rewrite = ["--host-header", "rewrite"];
  await using stack = await startStack({ runnerArgs: rewrite });
  await using secondOrigin = await startNodeOrigin();
  await using second = await startRunner(stack.gateway.wsUrl, secondOrigin.url, rewrite);
  const both = new Set([new URL(stack.origin.url).host, new URL(secondOrigin.url).host]);
  const seen = new Set<string>();
  await eventually(async () => seen.add(await servedBy(stack.gateway.url)).size, (size) => size === 2);
  assert.deepEqual(seen, both);

  second.signal("SIGTERM");
  await second.status();
  for (let i = 0; i < 20; i++) {
    assert.equal(await servedBy(stack.gateway.url), new URL(stack.origin.url).host);
  }
});

Deno.test("a runner dials for ever, each wait drawn below a bound that doubles", async () => {
  await using stack = await startProxiedStack();
  stack.proxy.refuse(true);
  stack.proxy.cut();
  await eventually(() => stack.proxy.refusedCount, (count) => count >= 6);
  const waitsMs = [...stack.runner.stderr.matchAll(/link\.down .*retryInMs=(\d+)/g)].map((match) =>
    Number(match[1])
  );
  assert.ok(waitsMs.length >= 6, `${waitsMs.length} waits`);
  for (const [attempt, waitMs] of waitsMs.entries()) {
    assert.ok(waitMs <= Math.min(10_000, 100 * 2 ** attempt), `wait ${attempt} was ${waitMs} ms`);
  }
  stack.proxy.refuse(false);
  await stack.proxy.accepted(2);
  assert.equal((await fetch(`${stack.gateway.url}/status?code=204`)).status, 204);
});

Deno.test("a runner that is started before its gateway connects when it is there", async () => {
  await using stack = await startProxiedStack();
  stack.proxy.refuse(true);
  const early = stack.addRunner(["--name", "early"]);
  await eventually(() => stack.proxy.refusedCount, (count) => count >= 2);
  stack.proxy.refuse(false);
  await early;
  const headers = { "x-tunnel-runner": "early" };
  assert.equal((await fetch(`${stack.gateway.url}/status?code=204`, { headers })).status, 204);
});
