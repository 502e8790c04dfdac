import assert from "node:assert/strict";
import { frameCostBytes } from "../../lib/session/mod.ts";
import { Scrape, withAdmin } from "../support/admin.ts";
import { type ChildProcess, startGateway, startRunner, startWsOrigin } from "../support/processes.ts";
import { startProxiedStack } from "../support/proxied_stack.ts";
import { eventually, startStack } from "../support/stack.ts";
import { WsClient } from "../support/ws_client.ts";

/** What became of lost links, by outcome, and how many links were not the first. */
async function resumesOf(process: ChildProcess): Promise<Record<string, number>> {
  const scrape = await Scrape.of(process);
  const outcomes = ["resumed", "restarted", "refused", "expired"].map((outcome) => [
    outcome,
    scrape.value("tunnel_resumes_total", { outcome }),
  ]);
  return {
    ...Object.fromEntries(outcomes),
    reconnects: scrape.value("tunnel_runner_reconnects_total"),
  };
}

const none = { resumed: 0, restarted: 0, refused: 0, expired: 0, reconnects: 0 };

/** Waits until both ends count that, and nothing else. */
async function assertResumes(process: ChildProcess, expected: Partial<typeof none>): Promise<void> {
  const wanted = { ...none, ...expected };
  await eventually(() => resumesOf(process), (seen) => JSON.stringify(seen) === JSON.stringify(wanted));
}

const runnerArgs = withAdmin;

Deno.test("each link that carries on a session counts as resumed and as a reconnect, at both ends", async () => {
  await using stack = await startProxiedStack({ gatewayArgs: withAdmin, runnerArgs });
  await assertResumes(stack.gateway.process, {});
  for (const times of [1, 2]) {
    stack.proxy.cut();
    await assertResumes(stack.gateway.process, { resumed: times, reconnects: times });
    await assertResumes(stack.runner, { resumed: times, reconnects: times });
  }
});

Deno.test("a runner that a new process takes over from counts as restarted, its WebSocket goes on", async () => {
  await using stack = await startStack({ origin: startWsOrigin, gatewayArgs: withAdmin, runnerArgs });
  using client = await WsClient.open(`${stack.gateway.wsUrl}/echo`);
  stack.runner.signal("SIGKILL");
  await stack.runner.status();
  await using again = await startRunner(stack.gateway.wsUrl, stack.origin.url, runnerArgs);
  await assertResumes(stack.gateway.process, { restarted: 1 });
  await assertResumes(again, {});
  await client.send("still there");
  assert.equal(await client.nextText(), "still there");
  const scrape = await Scrape.of(stack.gateway.process);
  assert.equal(scrape.value("tunnel_streams_collected_total", { reason: "lost" }), 1);
  assert.equal(scrape.value("tunnel_streams", { kind: "websocket", state: "open" }), 1);
});

Deno.test("a client whose runner is gone counts as hibernating, and as open when it wakes on the next", async () => {
  await using stack = await startStack({
    origin: startWsOrigin,
    gatewayArgs: [...withAdmin, "--resume-window", "300ms"],
  });
  using client = await WsClient.open(`${stack.gateway.wsUrl}/echo`);
  const websockets = async (state: string) =>
    (await Scrape.of(stack.gateway.process)).value("tunnel_streams", { kind: "websocket", state });
  stack.runner.signal("SIGKILL");
  await eventually(() => websockets("hibernating"), (count) => count === 1);
  assert.equal(await websockets("open"), 0);
  await assertResumes(stack.gateway.process, { expired: 1 });
  await client.send("held while nobody serves");
  const scrape = await eventually(
    () => Scrape.of(stack.gateway.process),
    (scrape) => scrape.value("tunnel_buffered_bytes") > 0,
  );
  const held = "held while nobody serves".length + frameCostBytes;
  assert.equal(scrape.value("tunnel_buffered_bytes"), held);
  await using _again = await startRunner(stack.gateway.wsUrl, stack.origin.url);
  assert.equal(await client.nextText(), "held while nobody serves");
  await eventually(() => websockets("open"), (count) => count === 1);
  assert.equal(await websockets("hibernating"), 0);
});

Deno.test("a runner whose gateway was restarted counts its session as refused, and so does the gateway", async () => {
  await using stack = await startProxiedStack({ gatewayArgs: withAdmin, runnerArgs });
  await using other = await startGateway(withAdmin);
  stack.proxy.retarget(other.port);
  stack.proxy.cut();
  await assertResumes(stack.runner, { refused: 1, reconnects: 1 });
  await assertResumes(other.process, { refused: 1, reconnects: 1 });
});

Deno.test("a session whose link stays away counts as expired, once at each end", async () => {
  await using stack = await startProxiedStack({
    gatewayArgs: [...withAdmin, "--resume-window", "300ms"],
    runnerArgs,
  });
  stack.proxy.refuse(true);
  stack.proxy.cut();
  await assertResumes(stack.gateway.process, { expired: 1 });
  await assertResumes(stack.runner, { expired: 1 });
  const links = await Scrape.of(stack.gateway.process);
  assert.equal(links.value("tunnel_links", { state: "hibernating" }), 0);
});
