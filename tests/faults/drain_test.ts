import assert from "node:assert/strict";
import { fetchOnce } from "../support/fetch_once.ts";
import { LedgerClient } from "../support/ledger_client.ts";
import { startDenoOrigin, startGateway } from "../support/processes.ts";
import { startProxiedStack } from "../support/proxied_stack.ts";
import { eventually, healthOf } from "../support/stack.ts";

const origin = () => startDenoOrigin("tests/support/ledger_origin.ts");

async function headsSeen(originUrl: string, id: string): Promise<number> {
  return (await (await fetchOnce(`${originUrl}/visits?id=${id}`)).json()).heads;
}

Deno.test("a draining gateway sends its runners elsewhere, lets requests finish and ends with 0", async () => {
  await using stack = await startProxiedStack({ origin });
  await using next = await startGateway();
  const under = fetchOnce(`${stack.gateway.url}/held?id=drain`);
  await eventually(() => headsSeen(stack.origin.url, "drain"), (heads) => heads === 1);
  using client = (await LedgerClient.open(stack.gateway.wsUrl, { id: "drain-ws" })).start();
  await eventually(() => client.received.count, (count) => count > 3);
  stack.proxy.retarget(next.port);
  stack.gateway.process.signal("SIGTERM");

  await eventually(() => healthOf(next), ({ links }) => links === 1);
  const served = await fetchOnce(`${next.url}/bytes?n=1000`);
  assert.equal((await served.bytes()).length, 1000, "the runner serves the next gateway");
  // What was under way at the first still is: it finishes there.
  const received = client.received.count;
  await eventually(() => client.received.count, (count) => count > received + 3);
  await client.balance();
  assert.equal((await client.ws.close(1000)).code, 1000);
  await fetchOnce(`${stack.origin.url}/release?id=drain`);
  assert.equal(await (await under).text(), "released");
  const { code } = await stack.gateway.process.status();
  assert.equal(code, 0);
  assert.equal((await healthOf(next)).links, 1);
});

Deno.test("hibernating WebSockets of a draining gateway close with 1012, and it ends in time", async () => {
  await using stack = await startProxiedStack({
    origin,
    gatewayArgs: ["--resume-window", "300ms", "--drain-timeout", "30s"],
  });
  const clients = await Promise.all(
    Array.from({ length: 5 }, (_, i) => LedgerClient.open(stack.gateway.wsUrl, { id: `sleep-${i}` })),
  );
  stack.runner.signal("SIGKILL");
  await eventually(() => healthOf(stack.gateway), ({ hibernating }) => hibernating === clients.length);
  stack.gateway.process.signal("SIGTERM");
  for (const client of clients) {
    const { code, reason } = await client.ws.ended();
    assert.equal(code, 1012);
    assert.match(reason, /shutting down/);
  }
  // Nothing is left to wait for: far below the 30 s of the drain.
  assert.equal((await stack.gateway.process.status()).code, 0);
});

Deno.test("what does not finish within the drain's bound is broken off, and the gateway ends", async () => {
  await using stack = await startProxiedStack({ origin, gatewayArgs: ["--drain-timeout", "500ms"] });
  const under = fetchOnce(`${stack.gateway.url}/held?id=never`);
  await eventually(() => headsSeen(stack.origin.url, "never"), (heads) => heads === 1);
  using client = await LedgerClient.open(stack.gateway.wsUrl, { id: "never-ws" });
  stack.gateway.process.signal("SIGTERM");
  assert.equal((await client.ws.ended()).code, 1012);
  const response = await under;
  assert.equal(response.status, 503);
  assert.equal(response.headers.get("x-tunnel-error"), "draining");
  assert.equal((await stack.gateway.process.status()).code, 0);
});

Deno.test("a draining runner goes on with its WebSockets until they end, then ends with 0", async () => {
  await using stack = await startProxiedStack({ origin });
  using client = (await LedgerClient.open(stack.gateway.wsUrl, { id: "drain-blip" })).start();
  await eventually(() => client.received.count, (count) => count > 3);
  stack.runner.signal("SIGTERM");
  const received = client.received.count;
  await eventually(() => client.received.count, (count) => count > received + 3);
  await client.balance();
  assert.equal((await client.ws.close(1000)).code, 1000);
  assert.equal((await stack.runner.status()).code, 0);
});

Deno.test("a draining runner whose link is lost dials again, and its streams go on", async () => {
  await using stack = await startProxiedStack({ origin, runnerArgs: ["--drain-timeout", "60s"] });
  using client = (await LedgerClient.open(stack.gateway.wsUrl, { id: "lost-while-draining" })).start();
  await eventually(() => client.received.count, (count) => count > 3);
  stack.runner.signal("SIGTERM");
  await stack.gateway.process.line(/runner\.draining/);
  const accepted = stack.proxy.acceptedCount;
  stack.proxy.cut();
  await stack.proxy.accepted(accepted + 1);
  const received = client.received.count;
  await eventually(() => client.received.count, (count) => count > received + 3);
  await client.balance();
  assert.equal((await client.ws.close(1000)).code, 1000);
  assert.equal((await stack.runner.status()).code, 0);
});

Deno.test("WebSockets whose link is down when their gateway drains close with 1012 at once", async () => {
  await using stack = await startProxiedStack({ origin, gatewayArgs: ["--drain-timeout", "60s"] });
  using client = (await LedgerClient.open(stack.gateway.wsUrl, { id: "down-while-draining" })).start();
  await eventually(() => client.received.count, (count) => count > 3);
  stack.proxy.refuse(true);
  stack.proxy.cut();
  await stack.gateway.process.line(/link\.closed/);
  stack.gateway.process.signal("SIGTERM");
  // The drain's bound is longer than any wait of this test.
  assert.equal((await client.ws.ended()).code, 1012);
  assert.equal((await stack.gateway.process.status()).code, 0);
});
