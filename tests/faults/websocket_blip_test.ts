import assert from "node:assert/strict";
import { startDenoOrigin, startWsOrigin } from "../support/processes.ts";
import type { FaultLink, FaultProxy } from "../support/fault_proxy.ts";
import { LedgerClient } from "../support/ledger_client.ts";
import { assertNothingLeft, baselineOf } from "../support/leftovers.ts";
import { startProxiedStack } from "../support/proxied_stack.ts";
import { eventually } from "../support/stack.ts";
import { WsClient } from "../support/ws_client.ts";

/** A heartbeat short enough that a black hole is noticed within a test's time. */
const heartbeat = ["--ping-interval", "100ms", "--ping-timeout", "600ms"];
const options = {
  origin: () => startDenoOrigin("tests/support/ledger_origin.ts"),
  gatewayArgs: heartbeat,
  runnerArgs: heartbeat,
};

/** Faults of one link, each of which makes the runner dial again. */
const faults: { name: string; strike: (link: FaultLink) => void }[] = [
  { name: "a reset", strike: (link) => link.cut() },
  { name: "a black hole", strike: (link) => link.silence() },
  { name: "a black hole towards the gateway", strike: (link) => link.silence("up") },
  { name: "a black hole towards the runner", strike: (link) => link.silence("down") },
  { name: "a FIN towards the gateway", strike: (link) => link.halfClose("up") },
  { name: "a FIN towards the runner", strike: (link) => link.halfClose("down") },
  { name: "bytes dropped on the way to the gateway", strike: (link) => link.dropAfter(100, "up") },
  { name: "bytes dropped on the way to the runner", strike: (link) => link.dropAfter(100, "down") },
];

/** Lets numbers pass in both directions, so that the next fault hits traffic and not silence. */
async function someMore(client: LedgerClient): Promise<void> {
  const down = client.received.count;
  const up = client.sent;
  await eventually(() => client.received.count, (count) => count >= down + 5);
  await eventually(() => client.sent, (sent) => sent >= up + 5);
}

/** Strikes the link that is up, and waits for the next one. */
async function strikeOnce(proxy: FaultProxy, strike: (link: FaultLink) => void): Promise<void> {
  const before = proxy.acceptedCount;
  strike(proxy.links().at(-1)!);
  await proxy.accepted(before + 1);
}

for (const { name, strike } of faults) {
  Deno.test(`after ${name} a WebSocket goes on, both ways, with nothing lost or doubled`, async () => {
    await using stack = await startProxiedStack(options);
    using client = await LedgerClient.open(stack.gateway.wsUrl, { id: name });
    client.start();
    await someMore(client);
    await strikeOnce(stack.proxy, strike);
    await someMore(client);
    const { up, down } = await client.balance();
    assert.ok(up.messages >= 10 && down.messages >= 10);
    assert.equal((await client.ws.close(1000)).code, 1000);
  });
}

Deno.test("a link cut in the middle of large messages carries them over whole", async () => {
  await using stack = await startProxiedStack({ ...options, origin: startWsOrigin });
  using client = await WsClient.open(`${stack.gateway.wsUrl}/echo`);
  const message = new Uint8Array(4 * 1024 * 1024).map((_, i) => (i * 7 + (i >> 8)) & 0xff);
  for (const direction of ["up", "down"] as const) {
    for (const loss of ["rst", "silence"] as const) {
      const before = stack.proxy.acceptedCount;
      stack.proxy.links().at(-1)!.loseAfter(1_000_000, { direction, loss });
      await client.send(message);
      assert.deepEqual((await client.next()).bytes, message);
      assert.ok(stack.proxy.acceptedCount > before);
    }
  }
});

Deno.test("after cuts and closes nothing is left: streams, bytes and sockets are back to zero", async () => {
  await using stack = await startProxiedStack(options);
  const baseline = await baselineOf(stack);
  const clients = await Promise.all(
    Array.from(
      { length: 10 },
      (_, i) => LedgerClient.open(stack.gateway.wsUrl, { id: `left-${i}`, seed: i }),
    ),
  );
  for (const client of clients) client.start();
  for (let round = 0; round < 3; round++) {
    await someMore(clients[0]);
    await strikeOnce(stack.proxy, (link) => link.cut());
  }
  // Some end well, some while the link is down, some break off.
  for (const client of clients.slice(0, 4)) {
    await client.balance();
    assert.equal((await client.ws.close(1000)).code, 1000);
  }
  stack.proxy.refuse(true);
  stack.proxy.cut();
  for (const client of clients.slice(4, 7)) {
    client.stop();
    client.ws.socket.close(1000);
  }
  for (const client of clients.slice(7)) client[Symbol.dispose]();
  await eventually(() => stack.proxy.refusedCount, (count) => count > 0);
  stack.proxy.refuse(false);
  await Promise.all(clients.map((client) => client.ws.ended()));
  await assertNothingLeft(stack.gateway, baseline);
});
