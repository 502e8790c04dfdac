import assert from "node:assert/strict";
import { bounded } from "../support/bounded.ts";
import { startWsOrigin } from "../support/processes.ts";
import { eventually, healthOf, type Stack, startStack } from "../support/stack.ts";
import { type ClientMessage, WsClient } from "../support/ws_client.ts";
import { numberedMessage } from "../support/ws_origin_flow.ts";

const maxResidentBytes = 200 * 1024 * 1024;
/** Far above what kernels and windows on the way can hold, and above the bound on memory. */
const messageCount = 3_600;
const messageBytes = 64 * 1024;

/** Both processes have stayed below the bound, all the time. */
function assertMemoryBounded(stack: Stack): void {
  for (const [name, process] of [["gateway", stack.gateway.process], ["runner", stack.runner]] as const) {
    const peak = process.peakResidentBytes();
    assert.ok(peak < maxResidentBytes, `the ${name} took ${Math.round(peak / 2 ** 20)} MiB`);
  }
}

/** Waits until a count has stood still for a while: its sender is held back. */
async function heldBack(count: () => Promise<number> | number): Promise<number> {
  let last = -1;
  let same = 0;
  return await eventually(count, (now) => {
    same = now === last && now > 0 ? same + 1 : 0;
    last = now;
    return same >= 25;
  });
}

/** Another WebSocket of the same link is served meanwhile. */
async function assertOthersServed(stack: Stack): Promise<void> {
  using other = await WsClient.open(`${stack.gateway.wsUrl}/echo`);
  for (let i = 0; i < 20; i++) {
    await other.send(`${i}`);
    assert.equal(await other.nextText(), `${i}`);
  }
  assert.equal((await other.close(1000)).code, 1000);
}

Deno.test("an origin that floods waits for a client that does not read, and goes on when it does", async () => {
  await using stack = await startStack({ origin: startWsOrigin });
  let received = 0;
  let inOrder = true;
  const { promise: all, resolve } = Promise.withResolvers<void>();
  using client = await WsClient.open(
    `${stack.gateway.wsUrl}/flood?n=${messageCount}&size=${messageBytes}`,
    {
      onMessage: ({ bytes }: ClientMessage) => {
        inOrder &&= new DataView(bytes.buffer, bytes.byteOffset).getUint32(0) === received;
        if (++received === messageCount) resolve();
      },
    },
  );
  client.socket.pause();
  const sent = await heldBack(async () => Number(await (await fetch(`${stack.origin.url}/flooded`)).text()));
  assert.ok(sent < messageCount, `${sent} messages were taken of a client that reads none`);
  assertMemoryBounded(stack);
  await assertOthersServed(stack);
  assert.equal(client.socket.readyState, client.socket.OPEN, "nobody is disconnected for being slow");

  client.socket.resume();
  await bounded(Promise.race([all, client.closed]), "the rest of the flood");
  assert.equal(received, messageCount);
  assert.ok(inOrder);
  assertMemoryBounded(stack);
  client.socket.close(1000);
  await eventually(() => healthOf(stack.gateway), (health) => health.streams === 0);
});

Deno.test("a client that floods waits for an origin that does not read, and goes on when it does", async () => {
  await using stack = await startStack({ origin: startWsOrigin });
  using client = await WsClient.open(`${stack.gateway.wsUrl}/deaf`);
  let taken = 0;
  const flood = (async () => {
    for (; taken < messageCount; taken++) await client.send(numberedMessage(taken, messageBytes));
    await client.send(new Uint8Array(0));
  })();
  assert.ok(await heldBack(() => taken) < messageCount);
  assertMemoryBounded(stack);
  await assertOthersServed(stack);
  assert.equal(client.socket.readyState, client.socket.OPEN, "nobody is disconnected for being fast");

  await (await fetch(`${stack.origin.url}/hear`)).body?.cancel();
  await bounded(flood, "the rest of the flood to be taken");
  assert.deepEqual(JSON.parse(await client.nextText()), {
    messages: messageCount,
    bytes: messageCount * messageBytes,
    inOrder: true,
  });
  assertMemoryBounded(stack);
  client.socket.close(1000);
  await eventually(() => healthOf(stack.gateway), (health) => health.streams === 0);
});

Deno.test("clients that go away while they hold a flood back leave nothing behind", async () => {
  await using stack = await startStack({ origin: startWsOrigin });
  const clients = await Promise.all(Array.from({ length: 10 }, async () => {
    const client = await WsClient.open(`${stack.gateway.wsUrl}/flood?n=1000&size=${messageBytes}`, {
      onMessage: () => {},
    });
    client.socket.pause();
    return client;
  }));
  await heldBack(async () => Number(await (await fetch(`${stack.origin.url}/flooded`)).text()));
  for (const client of clients) client.socket.terminate();
  await eventually(() => healthOf(stack.gateway), (health) => health.streams === 0);
  assertMemoryBounded(stack);
  await assertOthersServed(stack);
});
