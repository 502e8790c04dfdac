import assert from "node:assert/strict";
import { fetchOnce } from "../support/fetch_once.ts";
import { LedgerClient } from "../support/ledger_client.ts";
import { startDenoOrigin } from "../support/processes.ts";
import { type ProxiedStack, startProxiedStack } from "../support/proxied_stack.ts";
import { eventually, healthOf } from "../support/stack.ts";

/** The session of a killed runner is over after this: nobody takes its place before. */
const resumeWindow = ["--resume-window", "1s"];
const origin = () => startDenoOrigin("tests/support/ledger_origin.ts");
const clientCount = 8;

/** WebSockets that two runners of one name share. */
async function openClients(stack: ProxiedStack): Promise<LedgerClient[]> {
  const clients: LedgerClient[] = [];
  for (let i = 0; i < clientCount; i++) {
    const client = await LedgerClient.open(stack.gateway.wsUrl, { id: `wake-${i}`, quietOrigin: true });
    client.sendOne();
    clients.push(client);
  }
  return clients;
}

/** How many connections each WebSocket has had at the origin: more than one when it was woken. */
async function connections(stack: ProxiedStack): Promise<number[]> {
  return await Promise.all(Array.from({ length: clientCount }, async (_, i) => {
    const seen = await (await fetchOnce(`${stack.origin.url}/ledger?id=wake-${i}`)).json();
    return seen.length;
  }));
}

Deno.test("--wake any: WebSockets of a lost session go on with another runner of its name", async () => {
  await using stack = await startProxiedStack({ origin, gatewayArgs: resumeWindow });
  await stack.addRunner();
  const clients = await openClients(stack);
  stack.runner.signal("SIGKILL");
  const counts = await eventually(
    () => connections(stack),
    (seen) => seen.some((count) => count > 1),
  );
  assert.ok(counts.some((count) => count === 1), "those of the other runner were left alone");
  await eventually(() => healthOf(stack.gateway), ({ streams, hibernating }) => {
    return streams === clientCount && hibernating === 0;
  });
  for (const client of clients) client.sendOne();
  for (const client of clients) assert.equal((await client.ws.close(1000)).code, 1000);
});

Deno.test("--wake same: WebSockets of a lost session wait for a runner that starts after it", async () => {
  await using stack = await startProxiedStack({
    origin,
    gatewayArgs: [...resumeWindow, "--wake", "same"],
  });
  await stack.addRunner();
  const clients = await openClients(stack);
  const before = await connections(stack);
  assert.deepEqual(before, Array(clientCount).fill(1));
  stack.runner.signal("SIGKILL");
  const { hibernating } = await eventually(() => healthOf(stack.gateway), (health) => health.hibernating > 0);
  assert.ok(hibernating < clientCount, "both runners had served");

  // The other runner's link breaks and comes back: that is no new runner.
  const links = stack.proxy.acceptedCount;
  stack.proxy.cut();
  await stack.proxy.accepted(links + 1);
  await eventually(() => healthOf(stack.gateway), (health) => health.links === 1);
  assert.equal((await healthOf(stack.gateway)).hibernating, hibernating);
  assert.deepEqual(await connections(stack), before);

  const restarted = await stack.addRunner();
  await eventually(() => healthOf(stack.gateway), (health) => health.hibernating === 0);
  await eventually(
    () => connections(stack),
    (seen) => seen.filter((count) => count === 2).length === hibernating,
  );
  // All of them went to the restarted runner: without it, all of them sleep again.
  restarted.signal("SIGKILL");
  await eventually(() => healthOf(stack.gateway), (health) => health.hibernating === hibernating);
  for (const client of clients) client[Symbol.dispose]();
});
